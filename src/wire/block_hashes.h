// The hashes of an image that a comparison speaks of. See compare.h for what is hashed to what.
#pragma once

#include "base/checksum.h"
#include "point/image.h"
#include "point/point.h"

#include <cstdint>
#include <vector>

namespace reviver::wire {

constexpr std::uint64_t compare_group_bytes = point::compare_block * point::compare_group_blocks;

// The bytes of group `index` in an image of `size_bytes`; empty behind its end.
Range group_range(std::uint64_t index, std::uint64_t size_bytes);

Hash group_hash(const std::vector<Hash>& blocks);

// Hashes blocks, groups at a time. Used by one task, with a buffer that is kept.
class BlockHasher {
  public:
    BlockHasher();
    // Of each block in `range`, which begins at a block and ends at one or at the end of the image.
    // What the image knows to be zeros is not read.
    std::vector<Hash> hashes(point::Image& image, Range range);

  private:
    void hash_data(point::Image& image, Range range, std::vector<Hash>& hashes);
    void hash_zeros(Range range, std::vector<Hash>& hashes) const;

    Bytes buffer_;
    Hash zero_block_;
};

}  // namespace reviver::wire
