// Limits on everything that a client of the JSON door can make grow. Each is reached in a test.
// What is not here, such as the size of a body, is limited by the server (server/limits.h).
#pragma once

#include <cstddef>

namespace reviver::rest::limits {

constexpr std::size_t json_depth_max = 32;
constexpr std::size_t path_segments_max = 16;
constexpr std::size_t query_parameters_max = 32;
constexpr std::size_t page_items_default = 1000;
constexpr std::size_t page_bytes_max = 8u << 20;

constexpr std::size_t event_streams_max = 64;
constexpr std::size_t event_streams_per_user_max = 8;
constexpr std::size_t missed_bytes_max = 512u << 10;  // told to who comes again; more is a reset

}  // namespace reviver::rest::limits
