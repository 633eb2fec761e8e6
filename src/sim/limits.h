// What the simulator allows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reviver::sim {

constexpr std::size_t stack_bytes = 1 << 20;         // of each fiber
constexpr std::uint64_t steps_max = 20'000'000;      // scheduling decisions of one run
constexpr std::uint64_t steps_to_end_max = 200'000;  // until a killed site has unwound
constexpr std::size_t trace_notes_max = 200;         // kept for the report of a failure
constexpr std::size_t trace_steps_max = 30;          // the same
constexpr std::size_t backlog_max = 64;      // connections not yet accepted, of one listener
constexpr std::uint64_t sector_bytes = 512;  // written whole or not at all
constexpr std::uint64_t page_bytes = 4096;   // what space is given out in

}  // namespace reviver::sim
