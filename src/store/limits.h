// The limits of the store. Each is reached in a test.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reviver::store {

// Guest clusters of 64 KiB that one layer may touch: 2 TiB of changes in one piece, or 32 million
// scattered ones. While it is written a layer takes 34 bytes (all neighbours touched) to 260 bytes
// (none) of memory for each, and 8 more when it is finished.
constexpr std::uint64_t layer_clusters_max = 32u << 20;
constexpr std::size_t target_length_max = 32;   // bytes of a disk's target name
constexpr std::size_t backing_path_max = 1023;  // bytes; qcow2 allows no more
constexpr std::size_t chain_layers_max =
    1100;  // layers of one disk: 1024 hours and the recent ones
constexpr std::uint64_t sync_every_bytes =
    64 << 20;  // data received into a base between two durable marks
constexpr std::uint64_t copy_buffer_bytes = 1 << 20;  // of a merge, a fold, a scrub and a compare
constexpr std::chrono::seconds relief_pause{5};  // of a long merge, between two looks at new points
constexpr std::size_t findings_max = 1000;       // of one scrub
constexpr std::size_t mapping_cache_pages = 64;  // 4 KiB pages of mapping an open layer keeps

}  // namespace reviver::store
