#include "store/layer_writer.h"

#include "base/check.h"
#include "base/checksum.h"
#include "base/error.h"
#include "store/cluster_sum.h"
#include "store/limits.h"

#include <algorithm>
#include <bit>

namespace reviver::store {

using qcow2::cluster_bytes;
using qcow2::subcluster_bytes;

namespace {

constexpr std::uint64_t page_bytes = 4096;

// Collects writes that follow each other in the file into one.
class Run {
  public:
    explicit Run(sys::File& file) : file_(file) {}
    void add(std::uint64_t offset, ByteView data) {
        if (data_.data() + data_.size() == data.data() && offset_ + data_.size() == offset) {
            data_ = ByteView(data_.data(), data_.size() + data.size());
            return;
        }
        flush();
        offset_ = offset;
        data_ = data;
    }
    void flush() {
        if (!data_.empty()) file_.write_at(offset_, data_);
        data_ = {};
    }

  private:
    sys::File& file_;
    std::uint64_t offset_ = 0;
    ByteView data_;
};

}  // namespace

// Where finish() has got to: the next free cluster, and the checksums of what lies before it.
struct LayerWriter::Tables {
    std::uint64_t next = 0;           // cluster
    std::vector<std::uint64_t> sums;  // of clusters 1 .. next - 1
    std::uint64_t stored_bytes = qcow2::header_bytes;
    qcow2::Header header;
};

LayerWriter::LayerWriter(std::unique_ptr<sys::File> file, LayerIdentity identity)
    : file_(std::move(file)), identity_(std::move(identity)) {
    if (identity_.backing_path.size() > backing_path_max)
        fail(Code::invalid_parameter, "the path {} is longer than the {} bytes that qcow2 can name",
             identity_.backing_path, backing_path_max);
}

LayerWriter::Entry* LayerWriter::find(std::uint64_t index) {
    const auto leaf = leaves_.find(index / leaf_entries);
    return leaf == leaves_.end() ? nullptr : &leaf->second[index % leaf_entries];
}

LayerWriter::Entry& LayerWriter::touch(std::uint64_t index) {
    Entry* entry = find(index);
    if (entry == nullptr) entry = &leaves_[index / leaf_entries][index % leaf_entries];
    if (!entry->touched()) {
        if (touched_ == layer_clusters_max)
            fail(Code::out_of_memory, "a layer of {} would touch more than {} clusters",
                 identity_.disk.text(), layer_clusters_max);
        ++touched_;
    }
    return *entry;
}

void LayerWriter::check_range(Range range) const {
    REVIVER_CHECK(range.end() <= identity_.size_bytes);
    REVIVER_CHECK(range.offset % subcluster_bytes == 0);
    REVIVER_CHECK(range.end() % subcluster_bytes == 0 || range.end() == identity_.size_bytes);
}

// When all data of the cluster is in hand its checksum costs no reading later.
void LayerWriter::note_data(Entry& entry, std::uint32_t mask, ByteView data) {
    entry.sum_known = (entry.data & ~mask) == 0 && data.size() % subcluster_bytes == 0;
    if (entry.sum_known) entry.sum = xxh3(data);
    entry.data |= mask;
    entry.zero &= ~mask;
}

// Calls work(index of the cluster, offset in it, its part of the data) for each cluster.
template <class Work>
void LayerWriter::for_clusters(std::uint64_t offset, ByteView data, Work work) {
    while (!data.empty()) {
        const std::uint64_t within = offset % cluster_bytes;
        const std::size_t length = std::min<std::uint64_t>(data.size(), cluster_bytes - within);
        work(offset / cluster_bytes, within, data.first(length));
        offset += length;
        data = data.subspan(length);
    }
}

// Noted as there only when it is there: a write that fails (a full disk) leaves what the layer says
// of itself as it was, and the receive can go on.
void LayerWriter::write(std::uint64_t offset, ByteView data) {
    check_range({offset, data.size()});
    Run run(*file_);
    for_clusters(offset, data, [&](std::uint64_t index, std::uint64_t within, ByteView part) {
        Entry& entry = touch(index);
        if (entry.host == 0) entry.host = next_host_++;
        entry.sum_known = false;
        run.add(entry.host * cluster_bytes + within, part);
    });
    run.flush();
    for_clusters(offset, data, [&](std::uint64_t index, std::uint64_t within, ByteView part) {
        note_data(*find(index), qcow2::subcluster_mask(within, within + part.size()), part);
    });
}

void LayerWriter::zero(Range range) {
    check_range(range);
    for (std::uint64_t at = range.offset; at < range.end();) {
        const std::uint64_t start = align_down(at, cluster_bytes);
        const std::uint64_t stop = std::min(range.end(), start + cluster_bytes);
        const std::uint32_t mask = qcow2::subcluster_mask(at - start, stop - start);
        Entry& entry = touch(at / cluster_bytes);
        if ((entry.data & mask) != 0) entry.sum_known = false;
        entry.data &= ~mask;
        entry.zero |= mask;
        at = stop;
    }
}

Cluster LayerWriter::cluster(std::uint64_t index) {
    const Entry* entry = find(index);
    if (entry == nullptr) return {};
    return {entry->host * cluster_bytes, entry->data, entry->zero};
}

std::uint64_t LayerWriter::next_touched(std::uint64_t index) {
    for (auto leaf = leaves_.lower_bound(index / leaf_entries); leaf != leaves_.end(); ++leaf) {
        const std::uint64_t first = leaf->first * leaf_entries;
        for (std::uint64_t i = std::max(index, first); i < first + leaf_entries; ++i)
            if (leaf->second[i - first].touched()) return i;
    }
    return std::max(index, qcow2::clusters_of(identity_.size_bytes));
}

void LayerWriter::read(std::uint64_t host_offset, ByteSpan to) {
    // The last subcluster of a disk may be shorter than the place it has.
    const std::size_t got = file_->read_at(host_offset, to);
    std::fill(to.begin() + static_cast<std::ptrdiff_t>(got), to.end(), std::byte{0});
}

void LayerWriter::verify(std::uint64_t) {}  // what was just written is not read back to be believed

std::uint64_t LayerWriter::sum_of(const Entry& entry) {
    return entry.sum_known ? entry.sum
                           : cluster_sum(*file_, entry.host * cluster_bytes, entry.data);
}

std::vector<std::uint64_t> LayerWriter::data_sums() {
    std::vector<std::uint64_t> sums(next_host_ - 1);
    for (auto& [number, leaf] : leaves_)
        for (Entry& entry : leaf)
            if (entry.host != 0) {
                entry.sum = sum_of(entry);
                entry.sum_known = true;
                sums[entry.host - 1] = entry.sum;
            }
    return sums;
}

// Whole clusters of a table, without the pages that are zeros: the file was cut to its data before,
// so what is not written reads as zeros.
void LayerWriter::write_table(std::uint64_t offset, ByteView bytes, Tables& tables) {
    for (std::uint64_t at = 0; at < bytes.size(); at += page_bytes) {
        const ByteView page = bytes.subspan(at, page_bytes);
        if (all_zero(page)) continue;
        file_->write_at(offset + at, page);
        tables.stored_bytes += page_bytes;
    }
    for (std::uint64_t at = 0; at < bytes.size(); at += cluster_bytes)
        tables.sums.push_back(xxh3(bytes.subspan(at, cluster_bytes)));
    tables.next += bytes.size() / cluster_bytes;
}

std::vector<std::uint64_t> LayerWriter::write_l2_tables(Tables& tables) {
    std::vector<std::uint64_t> l1(qcow2::l2_tables_of(identity_.size_bytes));
    constexpr std::uint64_t leaves_per_table = qcow2::l2_entries / leaf_entries;
    for (auto leaf = leaves_.begin(); leaf != leaves_.end();) {
        const std::uint64_t table = leaf->first / leaves_per_table;
        Bytes bytes(cluster_bytes);
        for (; leaf != leaves_.end() && leaf->first / leaves_per_table == table; ++leaf) {
            std::byte* to = bytes.data() + leaf->first % leaves_per_table * leaf_entries * 16;
            for (const Entry& entry : leaf->second) {
                const std::uint64_t host = entry.host * cluster_bytes;
                store_be<std::uint64_t>(to, host == 0 ? 0 : host | qcow2::copied_flag);
                store_be(to + 8, std::uint64_t{entry.zero} << 32 | entry.data);
                tables.stored_bytes += std::popcount(entry.data) * subcluster_bytes;
                to += 16;
            }
        }
        l1[table] = tables.next * cluster_bytes | qcow2::copied_flag;
        write_table(tables.next * cluster_bytes, bytes, tables);
    }
    return l1;
}

void LayerWriter::write_l1(Tables& tables, const std::vector<std::uint64_t>& l1) {
    Bytes bytes(std::max<std::uint64_t>(1, qcow2::clusters_of(l1.size() * 8)) * cluster_bytes);
    for (std::size_t i = 0; i < l1.size(); ++i) store_be(bytes.data() + i * 8, l1[i]);
    tables.header.l1_offset = tables.next * cluster_bytes;
    write_table(tables.header.l1_offset, bytes, tables);
}

// The refcount blocks count themselves and the table that names them, so their number is found by
// trying.
void LayerWriter::write_refcounts(Tables& tables) {
    std::uint64_t blocks = 1;
    std::uint64_t total = 0;
    std::uint64_t table_clusters = 0;
    for (std::uint64_t needed = 1;; blocks = needed) {
        table_clusters = qcow2::clusters_of(blocks * 8);
        total = tables.next + table_clusters + blocks;
        needed = (total + qcow2::refcounts_per_block - 1) / qcow2::refcounts_per_block;
        if (needed == blocks) break;
    }
    tables.header.refcount_offset = tables.next * cluster_bytes;
    tables.header.refcount_clusters = table_clusters;
    Bytes table(table_clusters * cluster_bytes);
    for (std::uint64_t i = 0; i < blocks; ++i)
        store_be(table.data() + i * 8, (tables.next + table_clusters + i) * cluster_bytes);
    write_table(tables.header.refcount_offset, table, tables);
    for (std::uint64_t i = 0; i < blocks; ++i) {
        Bytes block(cluster_bytes);
        const std::uint64_t first = i * qcow2::refcounts_per_block;
        const std::uint64_t count = std::min(qcow2::refcounts_per_block, total - first);
        for (std::uint64_t k = 0; k < count; ++k) store_be<std::uint16_t>(block.data() + k * 2, 1);
        write_table(tables.next * cluster_bytes, block, tables);
    }
}

std::uint64_t LayerWriter::finish() {
    Tables tables;
    tables.next = next_host_;
    // Cuts off the tables of an earlier finish(), and makes what is not written read as zeros.
    file_->resize(next_host_ * cluster_bytes);
    tables.sums = data_sums();
    write_l1(tables, write_l2_tables(tables));
    write_refcounts(tables);
    Bytes sums(tables.sums.size() * 8);
    for (std::size_t i = 0; i < tables.sums.size(); ++i)
        store_le(sums.data() + i * 8, tables.sums[i]);
    file_->write_at(tables.next * cluster_bytes, sums);

    qcow2::Header& header = tables.header;
    header.collection = identity_.collection;
    header.disk = identity_.disk;
    header.sequence = identity_.sequence;
    header.parent = identity_.parent;
    header.size_bytes = identity_.size_bytes;
    header.backing_path = identity_.backing_path;
    header.backing_format = identity_.backing_format;
    header.data_clusters = next_host_ - 1;
    header.clusters = tables.next;
    header.sums_digest = xxh3(sums);
    file_->write_at(0, qcow2::encode(header));
    file_->sync();
    return tables.stored_bytes + align_up(sums.size(), page_bytes);
}

}  // namespace reviver::store
