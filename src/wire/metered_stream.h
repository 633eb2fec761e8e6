// A stream whose bytes are counted and paid for: the lowest layer of every Channel, so nothing that
// a transport sends escapes the traffic counters or the bandwidth limits.
//
// Reads and writes may overlap, in two tasks. A sys::Stream has one deadline for both; since every
// wait sets it to "now plus the same silence", the other direction can only be waited for a little
// longer than it asked, never shorter.
#pragma once

#include "sys/world.h"
#include "wire/bandwidth.h"
#include "wire/transport.h"

#include <atomic>
#include <memory>

namespace reviver::wire {

class MeteredStream {
  public:
    // Every byte is paid to each of `limits`.
    MeteredStream(std::shared_ptr<sys::Stream> stream, sys::Clock& clock, BandwidthLimits limits);

    std::size_t read_some(ByteSpan to);
    void write_all(ByteView from);
    void limit_waits(sys::MonoTime deadline, sys::Duration silence);
    void close() { stream_->close(); }
    Traffic traffic() const { return {sent_, received_}; }

  private:
    void arm();
    std::size_t slice_of(std::size_t bytes) const;

    std::shared_ptr<sys::Stream> stream_;
    sys::Clock& clock_;
    const BandwidthLimits limits_;
    std::atomic<sys::MonoTime> deadline_ = sys::never;
    std::atomic<sys::Duration> silence_ = sys::Duration::max();
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<std::uint64_t> received_ = 0;
};

}  // namespace reviver::wire
