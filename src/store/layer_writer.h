// Writes one layer: data in the order it arrives, then the tables, then the header, then sync.
// Until finish() has returned the file is no qcow2 file and nobody else may look at it; afterwards
// it is immutable.
//
//     [ header | data clusters, in the order of their first touch | L2 tables | L1 | refcounts ]
//     checksums
//
// A guest cluster of 64 KiB gets its place in the file when its first byte arrives, and each of its
// subclusters of 2 KiB is written at its own place in it. What was not written stays a hole, so 4
// KiB of change take 4 KiB of disk. Writing the same subcluster again overwrites it where it is:
// the file is durable only as a whole, so there is no older state to save.
//
// Memory: 32 to 256 bytes a touched cluster, see limits.h. Belongs to one task.
#pragma once

#include "store/layer.h"
#include "store/qcow2.h"
#include "sys/files.h"

#include <array>
#include <map>
#include <memory>
#include <vector>

namespace reviver::store {

// What a layer's header says of it before it has any content.
struct LayerIdentity {
    CollectionId collection;
    DiskKey disk;
    Sequence sequence;
    Sequence parent;
    std::uint64_t size_bytes = 0;
    std::string backing_path;
    std::string backing_format;
};

class LayerWriter : public Layer {
  public:
    // Takes an empty file, open for reading and writing.
    LayerWriter(std::unique_ptr<sys::File> file, LayerIdentity identity);

    // Offset and length in whole subclusters; the end may also be the end of the disk.
    // out_of_memory past layer_clusters_max.
    void write(std::uint64_t offset, ByteView data);
    void zero(Range range);
    // Like zero(), but of clusters that were never touched nothing is noted: for ranges that are
    // zeros below anyway.
    void zero_where_touched(Range range);
    // Tables, header, sync. May be repeated after an error, and after further writes. Answers the
    // bytes that the layer takes on disk.
    std::uint64_t finish();

    std::uint64_t size_bytes() const override { return identity_.size_bytes; }
    Cluster cluster(std::uint64_t index) override;
    std::uint64_t next_touched(std::uint64_t index) override;
    void read(std::uint64_t host_offset, ByteSpan to) override;
    void verify(std::uint64_t index) override;

  private:
    struct Entry {
        std::uint64_t sum = 0;   // XXH3 of the data subclusters, when sum_known
        std::uint32_t host = 0;  // cluster in the file; 0: none yet
        std::uint32_t data = 0;
        std::uint32_t zero = 0;
        bool sum_known = false;
        bool touched() const { return host != 0 || zero != 0; }
    };
    static constexpr std::uint64_t leaf_entries = 8;
    using Leaf = std::array<Entry, leaf_entries>;
    struct Tables;

    Entry* find(std::uint64_t index);
    Entry& touch(std::uint64_t index);
    void check_range(Range range) const;
    template <class Work>
    void for_clusters(std::uint64_t offset, ByteView data, Work work);
    void note_data(Entry& entry, std::uint32_t mask, ByteView data);
    std::uint64_t sum_of(const Entry& entry);
    std::vector<std::uint64_t> data_sums();
    std::vector<std::uint64_t> write_l2_tables(Tables& tables);
    void write_l1(Tables& tables, const std::vector<std::uint64_t>& l1);
    void write_refcounts(Tables& tables);
    void write_table(std::uint64_t offset, ByteView bytes, Tables& tables);

    std::unique_ptr<sys::File> file_;
    const LayerIdentity identity_;
    std::map<std::uint64_t, Leaf> leaves_;  // by cluster index / leaf_entries
    std::uint32_t next_host_ = 1;           // cluster 0 is the header's
    std::uint64_t touched_ = 0;
};

}  // namespace reviver::store
