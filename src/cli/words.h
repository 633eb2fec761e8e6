// The numbers of the CIM classes as words for people. A number that is not known is shown as it is.
#pragma once

#include <cstdint>
#include <string>

namespace reviver::cli {

std::string state_words(std::uint64_t replication_state, std::uint64_t replication_mode);
std::string mode_words(std::uint64_t replication_mode);
std::string health_words(std::uint64_t replication_health);
std::string power_words(std::uint64_t enabled_state);
std::string job_state_words(std::uint64_t job_state);
std::string consistency_words(std::uint64_t consistency_level);
// What a method that refused says by its return value, and what can be done about it.
std::string refusal_words(std::uint32_t return_value);

}  // namespace reviver::cli
