// copy_chunks(): the one verb that moves data. It takes chunks from a Source and gives them to a
// Sink; what else is wanted on the way (less speed, a progress bar, an end before the end) is a
// filter.
//
// Used for the bulk stage (the digest is then of no use to anybody) and for a cut:
//     CutDigest digest;                                   // lives as long as the cut, over
//     reconnections first = sink.begin_cut(cut); copy_chunks(source, sink, digest, first, filters);
//     // may throw; after a reconnection again from begin_cut sink.commit(digest.trailer());
//
// Threads: everything here is used by one task, but Throttle, which several may share.
#pragma once

#include "point/point.h"
#include "sys/clock.h"

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace reviver::point {

// The checksums of the chunks sent so far, 8 bytes a chunk. All are kept and not only a running
// digest, since after a broken connection the sink may have fewer chunks than were sent, and the
// digest has to go back to there without reading again.
class CutDigest {
  public:
    // Forgets what came after the first `chunks`. Error invalid_state when fewer are known.
    void rewind(std::uint64_t chunks);
    void add(std::uint64_t chunk_checksum);
    CutTrailer trailer() const;

  private:
    std::vector<std::uint64_t> checksums_;
};

// A token bucket: lets `bytes_per_second` through over time, and at most `burst_bytes` at once. 0
// per second: no limit.
class Throttle {
  public:
    Throttle(sys::Clock& clock, std::uint64_t bytes_per_second,
             std::uint64_t burst_bytes = 1 << 20);
    // Waits until `bytes` may pass; they may be more than the burst.
    void take(std::uint64_t bytes);
    void set_rate(std::uint64_t bytes_per_second);

  private:
    sys::MonoTime reserve(std::uint64_t bytes);

    sys::Clock& clock_;
    const std::uint64_t burst_bytes_;
    std::mutex mutex_;
    std::uint64_t bytes_per_second_;
    sys::MonoTime paid_until_ = sys::MonoTime::min();  // when all that has passed is paid for
};

struct Copied {
    std::uint64_t chunks = 0;
    std::uint64_t data_bytes = 0;  // payload that was given to the sink
    std::uint64_t zero_bytes = 0;  // length of the extents of zeros
};

struct Filters {
    Throttle* throttle = nullptr;                   // null: as fast as it goes
    std::function<void(const Copied&)> progress{};  // after each chunk
    std::function<bool()>
        stopped{};  // asked before each chunk; true ends the copy with Error stopped
};

// Gives the sink the chunks of `source` from index `first_chunk` to the last. Errors: those of
// source and sink; stopped.
Copied copy_chunks(Source& source, Sink& sink, CutDigest& digest, std::uint64_t first_chunk,
                   const Filters& filters = {});

}  // namespace reviver::point
