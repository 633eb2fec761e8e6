// The management door of a site: the CIM classes over its engine and its virtual machines, served
// to whoever has an account, over TLS, and without where that is configured.
#pragma once

#include "cim/event_bus.h"
#include "hypervisor/hypervisor.h"
#include "replication/engine.h"
#include "server/account_file.h"
#include "server/https_server.h"
#include "sharing/shared_disks.h"
#include "site/config.h"

#include <memory>

namespace reviver::daemon {

struct ManagementDoor {
    std::unique_ptr<server::HttpsServer> https;
    std::unique_ptr<server::HttpsServer> http;  // null: not configured
    std::shared_ptr<server::AccountFile> accounts;
};

// Open when it returns. What it is given outlives it.
ManagementDoor open_management_door(const site::Config& config, replication::Engine& engine,
                                    hypervisor::Hypervisor& hypervisor,
                                    sharing::SharedDisks& shared_disks, cim::EventBus& events);

}  // namespace reviver::daemon
