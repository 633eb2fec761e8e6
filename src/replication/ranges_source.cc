#include "replication/ranges_source.h"

#include <algorithm>

namespace reviver::replication {

RangesSource::RangesSource(std::unique_ptr<point::Image> image, std::uint32_t disk,
                           const RangeSet& ranges)
    : image_(std::move(image)), disk_(disk) {
    for (const Range& range : ranges.ranges()) {
        for (std::uint64_t at = range.offset; at < range.end(); at += point::chunk_payload_max) {
            pieces_.push_back({at, std::min(point::chunk_payload_max, range.end() - at)});
        }
    }
    start_at(0);
}

void RangesSource::start_at(std::uint64_t chunk_index) {
    next_ = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_index, pieces_.size()));
    left_bytes_ = 0;
    for (std::size_t i = next_; i < pieces_.size(); ++i) left_bytes_ += pieces_[i].length;
}

std::optional<point::Chunk> RangesSource::next() {
    if (next_ == pieces_.size()) return std::nullopt;
    const Range piece = pieces_[next_++];
    left_bytes_ -= piece.length;
    payload_.resize(piece.length);
    image_->read(piece.offset, payload_);
    point::Chunk chunk;
    chunk.disk = disk_;
    const bool zeros = all_zero(payload_);
    chunk.extents.push_back({piece.offset, piece.length, zeros ? Content::zero : Content::data});
    if (!zeros) chunk.payload = payload_;
    return chunk;
}

std::uint64_t RangesSource::bytes_left() const {
    return left_bytes_;
}

}  // namespace reviver::replication
