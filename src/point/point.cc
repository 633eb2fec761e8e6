#include "point/point.h"

#include "base/error.h"

namespace reviver::point {
namespace {

constexpr std::size_t extent_bytes = 8 + 8 + 1;  // offset, length, content

void check_extent(const Extent& extent, std::uint64_t earliest, std::uint64_t size_bytes) {
    if (extent.content != Content::data && extent.content != Content::zero)
        fail(Code::corrupt, "a chunk has an extent of unknown content {}", int(extent.content));
    if (extent.length == 0) fail(Code::corrupt, "a chunk has an empty extent");
    if (extent.offset < earliest)
        fail(Code::corrupt, "extents of a chunk overlap or descend at offset {}", extent.offset);
    if (extent.offset > size_bytes || extent.length > size_bytes - extent.offset)
        fail(Code::corrupt, "a chunk reaches from {} for {} bytes, past the disk's end at {}",
             extent.offset, extent.length, size_bytes);
}

}  // namespace

std::uint64_t checksum_of(const Chunk& chunk) {
    Bytes head(8 + chunk.extents.size() * extent_bytes);
    store_le<std::uint32_t>(head.data(), chunk.disk);
    store_le<std::uint32_t>(head.data() + 4, static_cast<std::uint32_t>(chunk.extents.size()));
    std::byte* to = head.data() + 8;
    for (const Extent& extent : chunk.extents) {
        store_le(to, extent.offset);
        store_le(to + 8, extent.length);
        to[16] = std::byte(extent.content);
        to += extent_bytes;
    }
    Xxh3 sum;
    sum.add(head);
    sum.add(chunk.payload);
    return sum.value();
}

void validate(const Chunk& chunk, std::uint64_t size_bytes) {
    if (chunk.extents.empty()) fail(Code::corrupt, "a chunk has no extents");
    if (chunk.extents.size() > chunk_extents_max)
        fail(Code::corrupt, "a chunk has {} extents, more than {}", chunk.extents.size(),
             chunk_extents_max);
    std::uint64_t earliest = 0;
    std::uint64_t data_bytes = 0;
    for (const Extent& extent : chunk.extents) {
        check_extent(extent, earliest, size_bytes);
        earliest = extent.end();
        if (extent.content == Content::data) data_bytes += extent.length;
    }
    if (data_bytes > chunk_payload_max)
        fail(Code::corrupt, "a chunk has {} bytes of data, more than {}", data_bytes,
             chunk_payload_max);
    if (data_bytes != chunk.payload.size())
        fail(Code::corrupt, "a chunk names {} bytes of data and brings {}", data_bytes,
             chunk.payload.size());
}

}  // namespace reviver::point
