// The part of the qcow2 format (version 3; QEMU's docs/interop/qcow2.txt) that layers use: 64 KiB
// clusters with extended L2 entries, so that data is mapped in subclusters of 2 KiB; no
// compression, no encryption, no snapshots, one refcount of 16 bits a cluster.
// docs/formats/store.md says where what lies, and what the project's own header extension holds.
#pragma once

#include "base/bytes.h"
#include "model/names.h"

#include <cstdint>
#include <string>

namespace reviver::store::qcow2 {

constexpr std::uint64_t cluster_bytes = 64 << 10;
constexpr std::uint64_t subcluster_bytes = 2 << 10;
constexpr unsigned subclusters = 32;        // in a cluster
constexpr std::uint64_t l2_entries = 4096;  // in a table of one cluster, 16 bytes each
constexpr std::uint64_t l2_reach_bytes = l2_entries * cluster_bytes;
constexpr std::uint64_t refcounts_per_block = cluster_bytes / 2;
constexpr std::uint64_t header_bytes = 4096;  // of cluster 0, as much as we use
constexpr std::uint64_t copied_flag = 1ull
                                      << 63;  // of L1 and L2 entries: the refcount is exactly 1
constexpr std::uint64_t offset_mask = 0x00ff'ffff'ffff'0000ull;

constexpr std::uint64_t clusters_of(std::uint64_t bytes) {
    return bytes / cluster_bytes + (bytes % cluster_bytes != 0);
}
constexpr std::uint64_t l2_tables_of(std::uint64_t disk_bytes) {
    return disk_bytes / l2_reach_bytes + (disk_bytes % l2_reach_bytes != 0);
}

// The subclusters that [begin, end) within a cluster touches, as bits.
constexpr std::uint32_t subcluster_mask(std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t first = begin / subcluster_bytes;
    const std::uint64_t last = (end + subcluster_bytes - 1) / subcluster_bytes;
    return static_cast<std::uint32_t>(((1ull << last) - 1) & ~((1ull << first) - 1));
}

// Whose layer a file is, and where its checksums are.
struct Header {
    CollectionId collection;
    DiskKey disk;
    Sequence sequence;             // the point that the layer ends at
    Sequence parent;               // the layer below; 0 for the base
    std::uint64_t size_bytes = 0;  // of the disk, exactly; qcow2 itself counts whole sectors of 512
    std::string backing_path;      // relative to the layer's directory, or absolute
    std::string backing_format;    // "qcow2", "raw"
    std::uint64_t data_clusters = 0;  // host clusters 1 .. data_clusters hold data
    std::uint64_t clusters = 0;       // all that qcow2 knows of; the checksums follow behind
    std::uint64_t l1_offset = 0;
    std::uint64_t refcount_offset = 0;
    std::uint64_t refcount_clusters = 0;  // of the refcount table
    std::uint64_t sums_digest = 0;        // XXH3 of the checksum table
    bool operator==(const Header&) const = default;

    std::uint64_t sums_offset() const { return clusters * cluster_bytes; }
    std::uint64_t sums_bytes() const { return (clusters - 1) * 8; }
    std::uint64_t file_bytes() const { return sums_offset() + sums_bytes(); }
    // It holds neither data nor zeros: no cluster of data, no L2 table before the L1 table.
    bool is_empty() const { return l1_offset == cluster_bytes; }
};

// Exactly header_bytes long.
Bytes encode(const Header& header);
// Error corrupt for what encode() cannot have written.
Header decode(ByteView bytes);

}  // namespace reviver::store::qcow2
