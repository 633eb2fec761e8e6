#include "sys/network.h"

#include <fmt/format.h>

namespace reviver::sys {

std::string Endpoint::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace reviver::sys
