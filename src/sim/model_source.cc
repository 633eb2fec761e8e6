#include "sim/model_source.h"

#include <algorithm>

namespace reviver::sim {

namespace {

// Small, so that a run has many chunks.
constexpr std::uint64_t bulk_chunk_bytes = 64 << 10;
constexpr std::size_t cut_chunk_extents = 8;

Bytes data_of(const SparseBytes& disk, const std::vector<Extent>& extents) {
    Bytes payload;
    for (const Extent& extent : extents) {
        if (extent.content == Content::zero) continue;
        const std::size_t start = payload.size();
        payload.resize(start + extent.length);
        disk.read(extent.offset, ByteSpan(payload).subspan(start));
    }
    return payload;
}

}  // namespace

BulkSource::BulkSource(const SparseBytes& disk, std::uint32_t index, std::uint64_t first_byte)
    : disk_(disk), index_(index), first_byte_(first_byte), at_(first_byte) {}

void BulkSource::start_at(std::uint64_t chunk_index) {
    at_ = first_byte_ + chunk_index * bulk_chunk_bytes;
}

std::optional<point::Chunk> BulkSource::next() {
    if (at_ >= disk_.size()) return std::nullopt;
    point::Chunk chunk;
    chunk.disk = index_;
    chunk.extents = disk_.extents({at_, bulk_chunk_bytes});
    at_ = std::min(at_ + bulk_chunk_bytes, disk_.size());
    payload_ = data_of(disk_, chunk.extents);
    chunk.payload = payload_;
    return chunk;
}

CutSource::CutSource(const GroupCut& cut) : cut_(cut) {
    for (std::uint32_t disk = 0; disk < cut.disks.size(); ++disk) {
        std::vector<Extent> extents;
        for (const Range& range : cut.dirty[disk].ranges()) {
            const auto parts = cut.disks[disk].extents(range);
            extents.insert(extents.end(), parts.begin(), parts.end());
        }
        for (std::size_t i = 0; i < extents.size(); i += cut_chunk_extents) {
            const auto first = extents.begin() + static_cast<std::ptrdiff_t>(i);
            const auto count = std::min(cut_chunk_extents, extents.size() - i);
            plans_.push_back({disk, {first, first + static_cast<std::ptrdiff_t>(count)}});
        }
    }
}

std::optional<point::Chunk> CutSource::next() {
    if (next_ >= plans_.size()) return std::nullopt;
    const Plan& plan = plans_[next_++];
    payload_ = data_of(cut_.disks[plan.disk], plan.extents);
    return point::Chunk{plan.disk, plan.extents, payload_};
}

std::uint64_t CutSource::bytes_left() const {
    std::uint64_t bytes = 0;
    for (std::size_t i = next_; i < plans_.size(); ++i) {
        for (const Extent& extent : plans_[i].extents) {
            if (extent.content == Content::data) bytes += extent.length;
        }
    }
    return bytes;
}

}  // namespace reviver::sim
