// Divides what is to be sent of one disk into chunks, before anything is read. Pure but for the
// Feed it asks.
//
// The same feed gives the same chunks, however often the plan is walked: a receiver that has the
// first k chunks of a cut need not get them again. So chunks are made from what is marked, never
// from what the data looks like.
#pragma once

#include "base/extents.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace reviver::capture {

// What of a window of the disk is to be sent: ascending, not overlapping. One thread at a time.
class Feed {
  public:
    virtual ~Feed() = default;
    virtual std::vector<Extent> extents(Range window) = 0;
};

struct PlannedChunk {
    std::vector<Extent> extents;
    std::uint64_t data_bytes = 0;  // of those with Content::data; at most point::chunk_payload_max
};

class ChunkPlan {
  public:
    // From `from_bytes` to the end of the disk, both in bytes.
    ChunkPlan(Feed& feed, std::uint64_t size_bytes, std::uint64_t from_bytes = 0);

    std::optional<PlannedChunk> next();
    void restart();

  private:
    bool look_further();
    bool take_into(PlannedChunk& chunk);

    Feed& feed_;
    std::uint64_t size_bytes_;
    std::uint64_t from_bytes_;
    std::uint64_t looked_to_;  // windows up to here were asked for
    std::vector<Extent> window_;
    std::size_t at_ = 0;  // of window_
};

}  // namespace reviver::capture
