// Inside the engine: what jobs keep as their argument, for going on after a restart.
#pragma once

#include "model/names.h"

#include <optional>
#include <string>

namespace reviver::replication {

inline constexpr const char* was_primary = "primary";  // of a removal; "" for the other side

// Of a failover and of a test: nothing for the newest.
inline std::optional<Sequence> point_of(const std::string& argument) {
    if (argument.empty()) return std::nullopt;
    return Sequence{std::stoull(argument)};
}

}  // namespace reviver::replication
