// The sink's side of a hash compare: which groups of blocks of an image are not what the source
// says.
#pragma once

#include "point/image.h"
#include "point/point.h"

#include <vector>

namespace reviver::store {

// A group is up to compare_group_blocks blocks of compare_block bytes; its hash is sha256 over its
// blocks' hashes, one after the other. The last block of a disk is hashed as long as it is. Error
// invalid_parameter for groups past the end.
point::CompareAnswer compare_groups(point::Image& image, std::uint64_t first_group,
                                    const std::vector<Hash>& groups);

}  // namespace reviver::store
