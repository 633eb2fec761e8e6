// What the doors have in common: how a site names itself, and how long and how much it bears with a
// client.
#pragma once

#include "server/limits.h"

#include <chrono>
#include <string>
#include <vector>

namespace reviver::server {

struct DoorOptions {
    std::string host = "localhost";  // in object paths and faults
    std::string product_vendor = "Reviver";
    std::string product_version = {};
    // How one may come in, as Identify tells those who are in (DSP0226 C.3).
    std::vector<std::string> security_profiles = {"https/basic"};
    std::size_t reply_bytes_max = limits::cim_xml_reply_bytes_max;  // where a client does not say
    std::size_t contexts_per_user_max = limits::contexts_per_user_max;
    std::chrono::milliseconds context_idle_time_max = limits::context_idle_time_max;
    std::chrono::milliseconds operation_time_max = limits::operation_time_max;
};

}  // namespace reviver::server
