#include "store/layer.h"

#include "store/qcow2.h"

#include <algorithm>
#include <bit>

namespace reviver::store {
namespace {

Holds holding(const Cluster& cluster, unsigned subcluster) {
    if (cluster.data >> subcluster & 1) return Holds::data;
    return cluster.zero >> subcluster & 1 ? Holds::zero : Holds::below;
}

// How many subclusters from `first` on are held alike.
unsigned run_length(const Cluster& cluster, unsigned first, Holds holds) {
    const std::uint32_t bits = holds == Holds::data   ? cluster.data
                               : holds == Holds::zero ? cluster.zero
                                                      : ~(cluster.data | cluster.zero);
    return std::min(static_cast<unsigned>(std::countr_one(bits >> first)),
                    qcow2::subclusters - first);
}

void append_cluster(std::vector<Segment>& list, const Cluster& cluster, std::uint64_t start,
                    Range wanted) {
    const std::uint64_t end = std::min(wanted.end(), start + qcow2::cluster_bytes);
    std::uint64_t at = std::max(wanted.offset, start);
    while (at < end) {
        const auto first = static_cast<unsigned>((at - start) / qcow2::subcluster_bytes);
        const Holds holds = holding(cluster, first);
        const std::uint64_t run_end =
            start + (first + run_length(cluster, first, holds)) * qcow2::subcluster_bytes;
        const std::uint64_t stop = std::min(end, run_end);
        const std::uint64_t host = holds == Holds::data ? cluster.host_offset + (at - start) : 0;
        append(list, {at, stop - at, holds, 0, host});
        at = stop;
    }
}

}  // namespace

void append(std::vector<Segment>& list, Segment next) {
    if (next.length == 0) return;
    if (!list.empty()) {
        Segment& last = list.back();
        const bool same = last.holds == next.holds && last.end() == next.offset;
        if (same &&
            (next.holds != Holds::data ||
             (last.layer == next.layer && last.host_offset + last.length == next.host_offset))) {
            last.length += next.length;
            return;
        }
    }
    list.push_back(next);
}

std::vector<Segment> segments(Layer& layer, Range range) {
    std::vector<Segment> list;
    std::uint64_t at = range.offset;
    while (at < range.end()) {
        const std::uint64_t index = at / qcow2::cluster_bytes;
        const std::uint64_t next = layer.next_touched(index);
        if (next > index) {
            const std::uint64_t stop = std::min(range.end(), next * qcow2::cluster_bytes);
            append(list, {at, stop - at, Holds::below});
            at = stop;
            continue;
        }
        const std::uint64_t start = index * qcow2::cluster_bytes;
        append_cluster(list, layer.cluster(index), start, range);
        at = start + qcow2::cluster_bytes;
    }
    return list;
}

}  // namespace reviver::store
