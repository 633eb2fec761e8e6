// What this folder allows at most.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reviver::medium {

constexpr std::uint64_t manifest_bytes_max = 64ull << 20;  // most of it are the VMs' definitions
constexpr std::size_t vms_max = 256;
constexpr std::size_t name_bytes_max = 120;    // of a VM's name in the name of its directory
constexpr std::size_t target_length_max = 32;  // bytes of a disk's target name
constexpr std::uint64_t read_bytes = 1 << 20;  // of a disk, at once
constexpr std::uint64_t sync_every_bytes = 256ull << 20;  // written between two syncs
constexpr std::uint64_t free_bytes_min = 64ull << 20;     // that stay free on the medium

}  // namespace reviver::medium
