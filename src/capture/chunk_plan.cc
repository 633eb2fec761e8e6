#include "capture/chunk_plan.h"

#include "base/bytes.h"
#include "base/check.h"
#include "capture/limits.h"
#include "point/point.h"

#include <algorithm>

namespace reviver::capture {

namespace {

// Finding zeros in what was read divides extents further; half of the room is left for that.
constexpr std::size_t planned_extents_max = point::chunk_extents_max / 2;

}  // namespace

ChunkPlan::ChunkPlan(Feed& feed, std::uint64_t size_bytes, std::uint64_t from_bytes)
    : feed_(feed), size_bytes_(size_bytes), from_bytes_(from_bytes), looked_to_(from_bytes) {
    REVIVER_CHECK(from_bytes <= size_bytes);
}

void ChunkPlan::restart() {
    looked_to_ = from_bytes_;
    window_.clear();
    at_ = 0;
}

bool ChunkPlan::look_further() {
    while (at_ == window_.size()) {
        if (looked_to_ == size_bytes_) return false;
        const auto end = std::min(size_bytes_, align_down(looked_to_, plan_window) + plan_window);
        window_ = feed_.extents({looked_to_, end - looked_to_});
        at_ = 0;
        looked_to_ = end;
    }
    return true;
}

// Moves what still fits of the next extent. False when the chunk is full.
bool ChunkPlan::take_into(PlannedChunk& chunk) {
    if (chunk.extents.size() == planned_extents_max) return false;
    Extent& extent = window_[at_];
    std::uint64_t length = extent.length;
    if (extent.content == Content::data) {
        length = std::min(length, point::chunk_payload_max - chunk.data_bytes);
        if (length == 0) return false;
        chunk.data_bytes += length;
    }
    chunk.extents.push_back({extent.offset, length, extent.content});
    extent.offset += length;
    extent.length -= length;
    if (extent.length == 0) ++at_;
    return true;
}

std::optional<PlannedChunk> ChunkPlan::next() {
    if (!look_further()) return std::nullopt;
    PlannedChunk chunk;
    // A chunk ends with its window, so that a plan that begins in the middle of the disk has the
    // same chunks from the next window on.
    while (at_ < window_.size() && take_into(chunk)) {
    }
    return chunk;
}

}  // namespace reviver::capture
