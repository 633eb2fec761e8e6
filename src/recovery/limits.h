// What this folder allows at most.
#pragma once

#include <chrono>
#include <cstddef>

namespace reviver::recovery {

constexpr std::size_t vms_in_parallel = 8;  // worked on at a time
constexpr std::size_t lock_text_bytes_max =
    200;  // of the sentence that names a lock; a file name has 255
constexpr std::uint64_t record_bytes_max =
    16 << 20;  // of a lock record file: two definitions as JSON text
constexpr std::chrono::milliseconds look_interval{
    100};  // between two looks at a VM or a job that is waited for
constexpr std::chrono::seconds job_end_time_max{60};  // for QEMU to end a job that was cancelled
constexpr std::chrono::seconds ask_interval{10};      // before a guest is asked again to shut down
constexpr std::size_t seed_files_max =
    100;  // of an image and those below it; libvirt nests them in its XML, which ends at 256
constexpr std::uint64_t bitmap_granularity = 4096;  // bytes of an overlay that one bit stands for

}  // namespace reviver::recovery
