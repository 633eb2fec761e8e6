// What this folder allows at most.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reviver::sharing {

constexpr std::size_t shared_disks_max = 256;             // of a site
constexpr std::size_t name_bytes_max = 32;                // of a shared disk
constexpr std::uint64_t record_bytes_max = 1 << 20;       // of what is kept about one
constexpr std::uint64_t created_bytes_max = 64ull << 40;  // of an image that is made
constexpr std::chrono::seconds look_interval{1};          // between two looks at the daemons
constexpr std::chrono::seconds end_max{30};               // for a daemon to save its bitmaps and go
constexpr std::chrono::milliseconds end_look{10};

}  // namespace reviver::sharing
