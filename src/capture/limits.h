// What this folder allows at most.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reviver::capture {

constexpr std::size_t vms_max = 256;  // in one group: each has a thread while it is held
constexpr std::uint64_t bitmap_bytes_max =
    64 << 20;  // of one dirty bitmap; larger disks get a coarser one
constexpr std::uint32_t granularity_max = 1 << 20;  // bytes a bit may stand for
constexpr std::size_t changed_ranges_max =
    1 << 20;  // ranges in one answer of changes_since(); more are widened
constexpr std::uint64_t plan_window =
    1ull << 30;  // bytes of disk whose dirty ranges are in memory at once
constexpr std::uint64_t read_ahead_bytes = 4 << 20;   // asked of QEMU and not given on yet
constexpr std::uint64_t record_bytes_max = 16 << 20;  // of a hold record or the memory of a capture
constexpr std::size_t socket_path_max = 107;          // bytes: sun_path
constexpr std::chrono::milliseconds scratch_look_interval{
    100};  // between two looks at the space left

struct FreezeTimes {
    std::chrono::seconds freeze{20};  // for all guests of a group to be frozen
    std::chrono::seconds frozen{30};  // the longest a guest stays so, whatever the cut is doing
    std::chrono::seconds thaw{10};    // for all to be thawed; those who are late are asked on
    std::chrono::seconds thaw_at_start{5};
    std::chrono::seconds thaw_call{5};         // for an agent to answer
    std::chrono::milliseconds thaw_again{20};  // before it is asked again; doubles
    std::chrono::milliseconds thaw_again_longest{2000};
    std::chrono::milliseconds look{100};  // between two looks whether to give up
};

}  // namespace reviver::capture
