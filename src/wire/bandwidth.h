// How fast bytes may move: a token bucket that several links share. Bytes sent wait for their turn
// before they leave. Bytes received are paid for after they came, and who wants more waits for its
// turn before it reads on: so TCP holds the other end back, and the limit holds for the sum of both
// directions whichever end it is set at.
//
// The rate is that of a plan, looked up by the clock on the wall at least once a second of use; who
// waits when it changes waits on at the rate of before, for one slice at most.
//
// Thread rules: everything may be called from any task.
#pragma once

#include "model/bandwidth.h"
#include "sys/clock.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace reviver::wire {

class BandwidthLimit {
  public:
    // 0 is unlimited. Error invalid_parameter for a rate below bandwidth_min, in the calendar too:
    // frames would look stalled to the peer.
    explicit BandwidthLimit(sys::Clock& clock, BandwidthPlan plan = {});
    BandwidthLimit(sys::Clock& clock, std::uint64_t bytes_per_second)
        : BandwidthLimit(clock, BandwidthPlan{bytes_per_second, {}}) {}

    void set_plan(BandwidthPlan plan);
    void set_rate(std::uint64_t bytes_per_second) { set_plan({bytes_per_second, {}}); }
    // That holds now.
    std::uint64_t rate() const;

    // Returns when `bytes` may be sent.
    void wait_for(std::size_t bytes);
    // Returns when more may be received: when all that was admitted before has been paid for.
    void wait_for_turn() { wait_for(0); }
    void charge_received(std::size_t bytes);
    // The most to ask wait_for() for at once, or to receive, so that links sharing the limit
    // alternate and no wait is long.
    std::size_t slice_bytes() const;

  private:
    std::uint64_t rate_now(sys::MonoTime now) const;
    static sys::Duration cost(std::size_t bytes, std::uint64_t rate);

    sys::Clock& clock_;
    mutable std::mutex mutex_;
    BandwidthPlan plan_;
    mutable std::uint64_t rate_ = 0;           // as looked up
    mutable sys::MonoTime looked_up_again_{};  // then it may have changed
    sys::MonoTime paid_until_{};  // when all that was admitted will have left at the set rate
};

// What a link pays to: the limit of its site, and its own. None of them is null.
using BandwidthLimits = std::vector<std::shared_ptr<BandwidthLimit>>;

}  // namespace reviver::wire
