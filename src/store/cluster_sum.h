// The checksum of a cluster of data: XXH3 over its data subclusters, ascending. Those that are not
// data are not in it: nobody reads them, and 4 KiB of change shall not cost the reading of 64 KiB.
#pragma once

#include "base/bytes.h"
#include "sys/files.h"

#include <cstdint>

namespace reviver::store {

// Error corrupt when the file ends before the data.
std::uint64_t cluster_sum(sys::File& file, std::uint64_t host_offset, std::uint32_t data);

}  // namespace reviver::store
