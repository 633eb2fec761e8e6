// Would a relationship with that recovery server come about? Asked of the server itself.
#pragma once

#include "replication/context.h"

#include <cstdint>
#include <string>

namespace reviver::replication {

// `point` is the name of a paired site, or a host; `port` 0 means the one that is known of it.
// Returns when the server proved its identity and lets this site replicate to it. Errors say what
// is missing: Code::unavailable, timeout, access_denied, not_supported, invalid_parameter. Takes
// limits::connect_patience twice at most.
void check_connection(Context& context, const std::string& point, std::uint16_t port);

}  // namespace reviver::replication
