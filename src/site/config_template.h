// The text of a new reviver.toml, with every key in it: those with their default value as comments.
#pragma once

#include "sys/network.h"

#include <string>

namespace reviver::site {

struct ConfigChoices {
    std::string name;
    sys::Endpoint peer_listen;
    sys::Endpoint peer_advertise;
    sys::Endpoint management_listen;
    std::string libvirt_uri;  // empty: the default
};

std::string config_text(const ConfigChoices& choices);

}  // namespace reviver::site
