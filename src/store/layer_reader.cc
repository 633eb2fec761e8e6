#include "store/layer_reader.h"

#include "base/checksum.h"
#include "base/error.h"
#include "store/cluster_sum.h"

#include <algorithm>
#include <bit>

namespace reviver::store {

using qcow2::cluster_bytes;

namespace {

constexpr std::uint64_t sums_kept = 4096;  // entries of the checksum table in memory

Bytes read_header_bytes(sys::File& file) {
    Bytes bytes(qcow2::header_bytes);
    file.read_exactly(0, bytes);
    return bytes;
}

qcow2::Header header_of(sys::File& file, const sys::Path& path) {
    try {
        qcow2::Header header = qcow2::decode(read_header_bytes(file));
        if (file.size_bytes() != header.file_bytes())
            fail(Code::corrupt, "it has {} bytes and should have {}", file.size_bytes(),
                 header.file_bytes());
        return header;
    } catch (Error& error) {
        error.add_context(path.string());
        throw;
    }
}

}  // namespace

LayerReader::LayerReader(sys::Files& files, const sys::Path& path)
    : path_(path), file_(files.open(path, sys::OpenMode::read)), header_(header_of(*file_, path)) {
    l1_.resize(qcow2::l2_tables_of(header_.size_bytes));
    Bytes bytes(l1_.size() * 8);
    file_->read_exactly(header_.l1_offset, bytes);
    for (std::size_t i = 0; i < l1_.size(); ++i) l1_[i] = load_be<std::uint64_t>(&bytes[i * 8]);
}

qcow2::Header LayerReader::read_header(sys::Files& files, const sys::Path& path) {
    return header_of(*files.open(path, sys::OpenMode::read), path);
}

// Where an L2 table lies; 0 for none.
std::uint64_t LayerReader::l2_offset(std::uint64_t table) const {
    const std::uint64_t entry = l1_[table];
    if (entry == 0) return 0;
    const std::uint64_t offset = entry & qcow2::offset_mask;
    const std::uint64_t cluster = offset / cluster_bytes;
    if ((entry & ~qcow2::offset_mask) != qcow2::copied_flag || cluster <= header_.data_clusters ||
        cluster >= header_.clusters)
        fail(Code::corrupt, "{}: L1 entry {} is {:#x}", path_.string(), table, entry);
    return offset;
}

const LayerReader::Page& LayerReader::page(std::uint64_t number) {
    Cached& cached = cache_[number % cache_.size()];
    if (cached.number == number) return *cached.page;
    constexpr std::uint64_t pages_per_table = qcow2::l2_entries / page_entries;
    if (!cached.page) cached.page = std::make_unique<Page>();
    cached.number = ~0ull;  // until the read has succeeded
    const std::uint64_t table = l2_offset(number / pages_per_table);
    if (table == 0) {
        cached.page->fill(std::byte{0});
    } else {
        file_->read_exactly(table + number % pages_per_table * sizeof(Page), *cached.page);
    }
    cached.number = number;
    return *cached.page;
}

void LayerReader::check(const Cluster& cluster, std::uint64_t entry) const {
    const std::uint64_t host = cluster.host_offset / cluster_bytes;
    const bool flags_right =
        (entry & ~qcow2::offset_mask) == (cluster.host_offset == 0 ? 0 : qcow2::copied_flag);
    const bool host_right = host == 0 ? cluster.data == 0 : host <= header_.data_clusters;
    if (!flags_right || !host_right || (cluster.data & cluster.zero) != 0)
        fail(Code::corrupt, "{}: an L2 entry is {:#x} {:#x} {:#x}", path_.string(), entry,
             cluster.zero, cluster.data);
}

Cluster LayerReader::cluster(std::uint64_t index) {
    const Page& mapping = page(index / page_entries);
    const std::byte* from = mapping.data() + index % page_entries * 16;
    const auto entry = load_be<std::uint64_t>(from);
    const auto bits = load_be<std::uint64_t>(from + 8);
    const Cluster found{entry & qcow2::offset_mask, static_cast<std::uint32_t>(bits),
                        static_cast<std::uint32_t>(bits >> 32)};
    check(found, entry);
    return found;
}

std::uint64_t LayerReader::next_touched(std::uint64_t index) {
    const std::uint64_t end = qcow2::clusters_of(header_.size_bytes);
    while (index < end) {
        if (l1_[index / qcow2::l2_entries] == 0) {
            index = align_down(index, qcow2::l2_entries) + qcow2::l2_entries;
            continue;
        }
        const Page& mapping = page(index / page_entries);
        const std::uint64_t page_end =
            std::min(end, align_down(index, page_entries) + page_entries);
        for (; index < page_end; ++index)
            if (!all_zero(ByteView(mapping).subspan(index % page_entries * 16, 16))) return index;
    }
    return std::max(index, end);
}

void LayerReader::read(std::uint64_t host_offset, ByteSpan to) {
    file_->read_exactly(host_offset, to);
}

// The checksum that the table has for a host cluster.
std::uint64_t LayerReader::sum(std::uint64_t host_cluster) {
    const std::uint64_t known = sums_.size() / 8;
    if (host_cluster < sums_first_ || host_cluster >= sums_first_ + known) {
        const std::uint64_t first = align_down(host_cluster - 1, sums_kept) + 1;
        Bytes part(std::min(sums_kept, header_.clusters - first) * 8);
        file_->read_exactly(header_.sums_offset() + (first - 1) * 8, part);
        sums_ = std::move(part);
        sums_first_ = first;
    }
    return load_le<std::uint64_t>(&sums_[(host_cluster - sums_first_) * 8]);
}

void LayerReader::verify(std::uint64_t index) {
    if (index == verified_) return;
    const Cluster found = cluster(index);
    if (found.host_offset != 0 && cluster_sum(*file_, found.host_offset, found.data) !=
                                      sum(found.host_offset / cluster_bytes))
        fail(Code::corrupt, "{}: the cluster at {} fails its checksum; run a scrub", path_.string(),
             found.host_offset);
    verified_ = index;
}

void LayerReader::scrub(const std::function<void(Range)>& bad,
                        const std::function<bool(std::uint64_t)>& read) {
    Xxh3 digest;
    for (std::uint64_t host = 1; host < header_.clusters; ++host) {
        std::byte bytes[8];
        store_le(bytes, sum(host));
        digest.add(bytes);
    }
    if (digest.value() != header_.sums_digest) bad({header_.sums_offset(), header_.sums_bytes()});

    // The tables first: with a wrong mapping, nothing can be said of the data.
    Bytes table(cluster_bytes);
    for (std::uint64_t host = header_.data_clusters + 1; host < header_.clusters; ++host) {
        file_->read_exactly(host * cluster_bytes, table);
        if (xxh3(table) != sum(host)) bad({host * cluster_bytes, cluster_bytes});
        if (!read(cluster_bytes)) return;
    }
    const std::uint64_t end = qcow2::clusters_of(header_.size_bytes);
    for (std::uint64_t index = next_touched(0); index < end; index = next_touched(index + 1)) {
        const Cluster found = cluster(index);
        if (found.host_offset == 0) continue;
        if (cluster_sum(*file_, found.host_offset, found.data) !=
            sum(found.host_offset / cluster_bytes))
            bad({found.host_offset, cluster_bytes});
        if (!read(static_cast<std::uint64_t>(std::popcount(found.data)) * qcow2::subcluster_bytes))
            return;
    }
}

}  // namespace reviver::store
