#include "wire/chunk_builder.h"

#include "base/check.h"

namespace reviver::wire {

ChunkBuilder::ChunkBuilder(std::uint32_t disk, point::Sink& sink) : sink_(sink) {
    chunk_.disk = disk;
}

void ChunkBuilder::add(std::uint64_t offset, ByteView bytes) {
    REVIVER_CHECK(bytes.size() <= point::chunk_payload_max);
    const bool zero = all_zero(bytes);
    const bool full = chunk_.extents.size() == point::chunk_extents_max ||
                      (!zero && payload_.size() + bytes.size() > point::chunk_payload_max);
    if (full) finish();
    add_extent({offset, bytes.size(), zero ? Content::zero : Content::data});
    if (zero) return;
    payload_.insert(payload_.end(), bytes.begin(), bytes.end());
    data_bytes_ += bytes.size();
}

void ChunkBuilder::add_extent(const Extent& extent) {
    if (!chunk_.extents.empty()) {
        Extent& last = chunk_.extents.back();
        REVIVER_CHECK(extent.offset >= last.end());
        if (last.end() == extent.offset && last.content == extent.content) {
            last.length += extent.length;
            return;
        }
    }
    chunk_.extents.push_back(extent);
}

void ChunkBuilder::finish() {
    if (chunk_.extents.empty()) return;
    chunk_.payload = payload_;
    sink_.write(chunk_);
    chunk_.extents.clear();
    payload_.clear();
}

}  // namespace reviver::wire
