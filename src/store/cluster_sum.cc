#include "store/cluster_sum.h"

#include "base/checksum.h"
#include "store/qcow2.h"

#include <bit>

namespace reviver::store {

std::uint64_t cluster_sum(sys::File& file, std::uint64_t host_offset, std::uint32_t data) {
    Bytes bytes(std::popcount(data) * qcow2::subcluster_bytes);
    std::size_t filled = 0;
    for (unsigned at = 0; at < qcow2::subclusters;) {
        at += static_cast<unsigned>(std::countr_zero(data >> at));
        if (at >= qcow2::subclusters) break;
        const auto run = static_cast<unsigned>(std::countr_one(data >> at));
        const std::size_t length = run * qcow2::subcluster_bytes;
        file.read_exactly(host_offset + at * qcow2::subcluster_bytes,
                          ByteSpan(bytes).subspan(filled, length));
        filled += length;
        at += run;
    }
    return xxh3(bytes);
}

}  // namespace reviver::store
