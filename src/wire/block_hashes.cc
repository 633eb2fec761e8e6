#include "wire/block_hashes.h"

#include <algorithm>

namespace reviver::wire {

namespace {

constexpr std::uint64_t read_bytes = 2 << 20;
static_assert(read_bytes % point::compare_block == 0);

Hash hash_of_zeros(std::uint64_t size) {
    return sha256(Bytes(size));
}

// The blocks of `range` that are not zeros for certain, as ranges of whole blocks.
RangeSet data_blocks(point::Image& image, Range range) {
    RangeSet data;
    for (const Extent& extent : image.extents(range)) {
        if (extent.content == Content::data) data.add({extent.offset, extent.length});
    }
    return data.widened_to(point::compare_block, range.end());
}

}  // namespace

Range group_range(std::uint64_t index, std::uint64_t size_bytes) {
    const std::uint64_t begin = std::min(index * compare_group_bytes, size_bytes);
    return {begin, std::min(compare_group_bytes, size_bytes - begin)};
}

Hash group_hash(const std::vector<Hash>& blocks) {
    return sha256(std::as_bytes(std::span(blocks)));
}

BlockHasher::BlockHasher() : zero_block_(hash_of_zeros(point::compare_block)) {}

std::vector<Hash> BlockHasher::hashes(point::Image& image, Range range) {
    std::vector<Hash> hashes;
    hashes.reserve((range.length + point::compare_block - 1) / point::compare_block);
    std::uint64_t at = range.offset;
    for (const Range& data : data_blocks(image, range).ranges()) {
        hash_zeros({at, data.offset - at}, hashes);
        hash_data(image, data, hashes);
        at = data.end();
    }
    hash_zeros({at, range.end() - at}, hashes);
    return hashes;
}

void BlockHasher::hash_data(point::Image& image, Range range, std::vector<Hash>& hashes) {
    buffer_.resize(read_bytes);
    for (std::uint64_t at = range.offset; at < range.end();) {
        const ByteSpan piece = ByteSpan(buffer_).first(std::min(read_bytes, range.end() - at));
        image.read(at, piece);
        for (ByteView rest = piece; !rest.empty();) {
            const ByteView block = rest.first(std::min(rest.size(), point::compare_block));
            hashes.push_back(sha256(block));
            rest = rest.subspan(block.size());
        }
        at += piece.size();
    }
}

void BlockHasher::hash_zeros(Range range, std::vector<Hash>& hashes) const {
    const std::uint64_t rest = range.length % point::compare_block;
    hashes.insert(hashes.end(), range.length / point::compare_block, zero_block_);
    if (rest != 0) hashes.push_back(hash_of_zeros(rest));
}

}  // namespace reviver::wire
