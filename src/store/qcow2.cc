#include "store/qcow2.h"

#include "base/check.h"
#include "base/checksum.h"
#include "base/error.h"
#include "point/point.h"
#include "store/limits.h"

#include <algorithm>

namespace reviver::store::qcow2 {
namespace {

constexpr std::uint32_t magic = 0x514649fb;  // "QFI\xfb"
constexpr std::uint32_t fixed_bytes = 104;
constexpr std::uint64_t extended_l2 = 1u << 4;  // incompatible feature
constexpr std::uint32_t refcount_order = 4;     // 16 bits
constexpr std::uint32_t backing_format_type = 0xe2792aca;
constexpr std::uint32_t identity_type =
    0x52565256;  // "RVRV"; QEMU passes over types it does not know
constexpr std::uint32_t identity_bytes = 136;
constexpr std::uint32_t identity_version = 1;
constexpr std::uint32_t extensions_at = fixed_bytes;
constexpr std::size_t format_length_max = 16;

// Offsets in the identity extension; little-endian.
constexpr std::size_t id_version = 0, id_collection = 8, id_vm = 24, id_target = 40,
                      id_sequence = 72, id_parent = 80, id_size = 88, id_data_clusters = 96,
                      id_clusters = 104, id_sums_offset = 112, id_sums_digest = 120,
                      id_header_digest = 128;
static_assert(id_header_digest + 8 == identity_bytes);
static_assert(id_target + target_length_max == id_sequence);

std::uint32_t format_field_bytes(std::size_t length) {
    return static_cast<std::uint32_t>(align_up(length, 8));
}

// Where the identity's bytes begin: behind the fixed part, the backing format and the identity's
// own type and length.
std::uint32_t identity_at(std::size_t format_length) {
    return extensions_at + 8 + format_field_bytes(format_length) + 8;
}

void put_text(std::byte* to, std::string_view text) {
    std::memcpy(to, text.data(), text.size());
}

void encode_fixed(const Header& header, std::uint64_t backing_at, std::byte* to) {
    store_be<std::uint32_t>(to, magic);
    store_be<std::uint32_t>(to + 4, 3);
    store_be<std::uint64_t>(to + 8, backing_at);
    store_be<std::uint32_t>(to + 16, static_cast<std::uint32_t>(header.backing_path.size()));
    store_be<std::uint32_t>(to + 20, 16);  // cluster bits
    store_be<std::uint64_t>(to + 24, align_up(header.size_bytes, 512));
    store_be<std::uint32_t>(to + 36, static_cast<std::uint32_t>(l2_tables_of(header.size_bytes)));
    store_be<std::uint64_t>(to + 40, header.l1_offset);
    store_be<std::uint64_t>(to + 48, header.refcount_offset);
    store_be<std::uint32_t>(to + 56, static_cast<std::uint32_t>(header.refcount_clusters));
    store_be<std::uint64_t>(to + 72, extended_l2);
    store_be<std::uint32_t>(to + 96, refcount_order);
    store_be<std::uint32_t>(to + 100, fixed_bytes);
}

void encode_identity(const Header& header, std::byte* to) {
    store_le<std::uint32_t>(to + id_version, identity_version);
    std::memcpy(to + id_collection, header.collection.uuid().bytes().data(), 16);
    std::memcpy(to + id_vm, header.disk.vm.uuid().bytes().data(), 16);
    put_text(to + id_target, header.disk.target);
    store_le(to + id_sequence, header.sequence.value);
    store_le(to + id_parent, header.parent.value);
    store_le(to + id_size, header.size_bytes);
    store_le(to + id_data_clusters, header.data_clusters);
    store_le(to + id_clusters, header.clusters);
    store_le(to + id_sums_offset, header.sums_offset());
    store_le(to + id_sums_digest, header.sums_digest);
}

template <class Tag>
Id<Tag> load_id(const std::byte* from) {
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), from, bytes.size());
    return Id<Tag>(Uuid(bytes));
}

std::string load_target(const std::byte* from) {
    const std::string_view field(reinterpret_cast<const char*>(from), target_length_max);
    return std::string(field.substr(0, field.find('\0')));
}

void require(bool condition, const char* what) {
    if (!condition) fail(Code::corrupt, "no layer of this store: {}", what);
}

Header decode_identity(const std::byte* from) {
    require(load_le<std::uint32_t>(from + id_version) == identity_version,
            "its identity has another version");
    Header header;
    header.collection = load_id<CollectionTag>(from + id_collection);
    header.disk = {load_id<VmTag>(from + id_vm), load_target(from + id_target)};
    header.sequence.value = load_le<std::uint64_t>(from + id_sequence);
    header.parent.value = load_le<std::uint64_t>(from + id_parent);
    header.size_bytes = load_le<std::uint64_t>(from + id_size);
    header.data_clusters = load_le<std::uint64_t>(from + id_data_clusters);
    header.clusters = load_le<std::uint64_t>(from + id_clusters);
    header.sums_digest = load_le<std::uint64_t>(from + id_sums_digest);
    return header;
}

// What an attacker who makes good digests could still get wrong, and the rest of the code relies
// on.
void check_geometry(const Header& header) {
    require(header.size_bytes <= point::disk_size_max, "the disk is too large");
    require(header.clusters >= 1 && header.clusters < (1ull << 40),
            "it has no such number of clusters");
    require(header.data_clusters < header.clusters, "its data clusters are too many");
    const std::uint64_t l1_clusters = clusters_of(l2_tables_of(header.size_bytes) * 8);
    const auto inside = [&](std::uint64_t offset, std::uint64_t count) {
        return offset % cluster_bytes == 0 && offset / cluster_bytes > header.data_clusters &&
               offset / cluster_bytes + count <= header.clusters;
    };
    require(inside(header.l1_offset, l1_clusters), "its L1 table lies outside");
    require(inside(header.refcount_offset, header.refcount_clusters), "its refcounts lie outside");
    require(header.parent < header.sequence, "its parent is not older than itself");
}

// The digest of the header with the digest's own field as zeros.
std::uint64_t digest_of(ByteView bytes, std::size_t identity) {
    Bytes copy(bytes.begin(), bytes.begin() + header_bytes);
    store_le<std::uint64_t>(copy.data() + identity + id_header_digest, 0);
    return xxh3(copy);
}

}  // namespace

Bytes encode(const Header& header) {
    REVIVER_CHECK(header.backing_path.size() <= backing_path_max);
    REVIVER_CHECK(header.backing_format.size() <= format_length_max);
    REVIVER_CHECK(header.disk.target.size() <= target_length_max);
    Bytes bytes(header_bytes);
    const std::uint32_t format_length = static_cast<std::uint32_t>(header.backing_format.size());
    const std::uint32_t identity = identity_at(format_length);
    const std::uint32_t backing_at = identity + identity_bytes + 8;  // behind the end marker
    encode_fixed(header, backing_at, bytes.data());
    std::byte* extension = bytes.data() + extensions_at;
    store_be(extension, backing_format_type);
    store_be(extension + 4, format_length);
    put_text(extension + 8, header.backing_format);
    store_be(bytes.data() + identity - 8, identity_type);
    store_be(bytes.data() + identity - 4, identity_bytes);
    encode_identity(header, bytes.data() + identity);
    put_text(bytes.data() + backing_at, header.backing_path);
    store_le(bytes.data() + identity + id_header_digest, digest_of(bytes, identity));
    return bytes;
}

// A header is accepted when it is, byte for byte, what encode() makes of its meaning. So every
// field that is not looked at here has the one value that the rest of the code relies on.
Header decode(ByteView bytes) {
    require(bytes.size() >= header_bytes, "it is too short");
    require(load_be<std::uint32_t>(bytes.data()) == magic, "it is no qcow2 file");
    const std::uint32_t format_length = load_be<std::uint32_t>(bytes.data() + extensions_at + 4);
    require(format_length <= format_length_max, "its backing format is too long");
    const std::uint32_t identity = identity_at(format_length);
    require(load_be<std::uint32_t>(bytes.data() + identity - 8) == identity_type,
            "it has no identity of ours");
    Header header = decode_identity(bytes.data() + identity);
    require(load_le<std::uint64_t>(bytes.data() + identity + id_header_digest) ==
                digest_of(bytes, identity),
            "its header fails its checksum");
    const std::uint32_t backing_length = load_be<std::uint32_t>(bytes.data() + 16);
    require(backing_length <= backing_path_max, "its backing path is too long");
    const auto text = [&](std::size_t at, std::size_t length) {
        return std::string(text_of(bytes.subspan(at, length)));
    };
    header.backing_format = text(extensions_at + 8, format_length);
    header.backing_path = text(identity + identity_bytes + 8, backing_length);
    header.l1_offset = load_be<std::uint64_t>(bytes.data() + 40);
    header.refcount_offset = load_be<std::uint64_t>(bytes.data() + 48);
    header.refcount_clusters = load_be<std::uint32_t>(bytes.data() + 56);
    check_geometry(header);
    require(std::ranges::equal(encode(header), bytes.first(header_bytes)),
            "its header has fields we do not write");
    return header;
}

}  // namespace reviver::store::qcow2
