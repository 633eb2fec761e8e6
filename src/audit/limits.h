// Limits of the audit log. Each is reached in a test.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reviver::audit::limits {

constexpr std::size_t text_bytes_max = 512;  // of one field; what is longer is cut
constexpr std::size_t line_bytes_max = 16u << 10;
constexpr std::uint64_t file_bytes_max = 16u << 20;  // then the next file begins
// Somebody who guesses passwords, or tries what he may not do, must not fill the disk: what is
// beyond this is counted.
constexpr std::size_t turned_away_max = 60;
constexpr std::chrono::seconds turned_away_time{60};
constexpr std::size_t page_bytes_max = 1u << 20;  // of one answer of the door

}  // namespace reviver::audit::limits
