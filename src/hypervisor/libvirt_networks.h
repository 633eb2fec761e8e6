// Networks by libvirt's C API.
#pragma once

#include "hypervisor/networks.h"

#include <libvirt/libvirt.h>

#include <functional>
#include <memory>

namespace reviver::hypervisor {

// Null where the connection has no network driver that may make networks: a session of an ordinary
// user must not make bridges. `connection` opens anew what broke.
std::unique_ptr<Networks> libvirt_networks(std::function<std::shared_ptr<virConnect>()> connection);

}  // namespace reviver::hypervisor
