// "host:port" and "[v6]:port" as people write them.
#pragma once

#include "sys/network.h"

#include <string_view>

namespace reviver::site {

// Error(invalid_parameter) that says what is expected. Ports are 1 to 65535.
sys::Endpoint parse_endpoint(std::string_view text);

// Listens on every address of the machine: nobody can connect to that as it is written.
bool is_wildcard(const sys::Endpoint& endpoint);

// The same port on this machine, for a listener that may be a wildcard.
sys::Endpoint reached_locally(const sys::Endpoint& listener);

}  // namespace reviver::site
