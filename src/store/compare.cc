#include "store/compare.h"

#include "base/error.h"
#include "store/limits.h"

#include <algorithm>

namespace reviver::store {
namespace {

constexpr std::uint64_t group_bytes = point::compare_block * point::compare_group_blocks;

const Hash& hash_of_zeros() {
    static const Hash hash = sha256(Bytes(point::compare_block));
    return hash;
}

// Hashes of the blocks of one extent-sized buffer.
void add_hashes(ByteView content, std::vector<Hash>& hashes) {
    for (; !content.empty();) {
        const ByteView block =
            content.first(std::min<std::size_t>(content.size(), point::compare_block));
        const bool zeros = block.size() == point::compare_block && all_zero(block);
        hashes.push_back(zeros ? hash_of_zeros() : sha256(block));
        content = content.subspan(block.size());
    }
}

std::vector<Hash> block_hashes(point::Image& image, Range group) {
    std::vector<Hash> hashes;
    // A group without any data is common, and costs no reading.
    const auto extents = image.extents(group);
    const bool no_data = std::ranges::all_of(
        extents, [](const Extent& extent) { return extent.content == Content::zero; });
    if (no_data && group.length % point::compare_block == 0)
        return std::vector<Hash>(group.length / point::compare_block, hash_of_zeros());
    Bytes buffer(copy_buffer_bytes);
    for (std::uint64_t at = group.offset; at < group.end(); at += buffer.size()) {
        const ByteSpan part =
            ByteSpan(buffer).first(std::min<std::uint64_t>(buffer.size(), group.end() - at));
        image.read(at, part);
        add_hashes(part, hashes);
    }
    return hashes;
}

Hash group_hash(const std::vector<Hash>& blocks) {
    return sha256(ByteView(blocks.data()->data(), blocks.size() * sizeof(Hash)));
}

}  // namespace

point::CompareAnswer compare_groups(point::Image& image, std::uint64_t first_group,
                                    const std::vector<Hash>& groups) {
    const std::uint64_t count = (image.size_bytes() + group_bytes - 1) / group_bytes;
    if (first_group > count || groups.size() > count - first_group)
        fail(Code::invalid_parameter, "groups {} to {} of a disk of {} groups were compared",
             first_group, first_group + groups.size(), count);
    point::CompareAnswer answer;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const std::uint64_t offset = (first_group + i) * group_bytes;
        const Range range{offset, std::min(group_bytes, image.size_bytes() - offset)};
        std::vector<Hash> blocks = block_hashes(image, range);
        if (group_hash(blocks) != groups[i])
            answer.differing.push_back({first_group + i, std::move(blocks)});
    }
    return answer;
}

}  // namespace reviver::store
