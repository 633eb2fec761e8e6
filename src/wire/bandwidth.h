// How fast bytes may leave: a token bucket that several links share. Bytes sent wait for their
// turn; bytes received cannot be held back, but are paid for by what is sent after them, so that
// the limit holds for the sum of both directions.
//
// Thread rules: everything may be called from any task.
#pragma once

#include "sys/clock.h"

#include <cstdint>
#include <mutex>

namespace reviver::wire {

class BandwidthLimit {
  public:
    explicit BandwidthLimit(sys::Clock& clock, std::uint64_t bytes_per_second = 0);

    // 0 is unlimited. Error invalid_parameter below bandwidth_min: frames would look stalled to the
    // peer.
    void set_rate(std::uint64_t bytes_per_second);
    std::uint64_t rate() const;

    // Returns when `bytes` may be sent.
    void wait_for(std::size_t bytes);
    void charge_received(std::size_t bytes);
    // The most to ask wait_for() for at once, so that links sharing the limit alternate and no wait
    // is long.
    std::size_t slice_bytes() const;

  private:
    sys::Duration cost(std::size_t bytes) const;

    sys::Clock& clock_;
    mutable std::mutex mutex_;
    std::uint64_t rate_ = 0;
    sys::MonoTime paid_until_{};  // when all that was admitted will have left at the set rate
};

}  // namespace reviver::wire
