// The management door of a site: the CIM classes over its engine and its virtual machines, served
// as WS-Management over TLS to whoever has an account.
#pragma once

#include "hypervisor/hypervisor.h"
#include "replication/engine.h"
#include "server/https_server.h"
#include "site/config.h"

#include <memory>

namespace reviver::daemon {

// Open when it returns. `engine` and `hypervisor` outlive it.
std::unique_ptr<server::HttpsServer> open_management_door(const site::Config& config,
                                                          replication::Engine& engine,
                                                          hypervisor::Hypervisor& hypervisor);

}  // namespace reviver::daemon
