// What this folder allows at most.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reviver::qemu {

constexpr std::size_t process_output_max = 16 << 20;  // bytes kept of each of stdout and stderr
constexpr std::chrono::seconds tool_time_max{30};  // for a tool that reads and writes metadata only
constexpr std::chrono::hours tool_data_time_max{24};  // for a tool that reads the whole disk
constexpr std::chrono::seconds nbd_silence_max{60};  // with requests in flight and nothing arriving
constexpr std::chrono::seconds process_end_max{5};   // between SIGTERM and SIGKILL
constexpr std::chrono::seconds monitor_answer_max{30};  // of a monitor that we speak to ourselves
constexpr std::size_t monitor_line_max = 16 << 20;      // bytes of one answer
constexpr std::size_t nbd_in_flight_max = 16;  // QEMU serves 16 requests of one client at a time
constexpr std::uint64_t nbd_request_max = 2 << 20;  // bytes in one read request
constexpr std::uint64_t nbd_status_max = 1 << 30;   // bytes asked about in one block status request

}  // namespace reviver::qemu
