// The live instances of the namespace: what the engine and the hypervisor hold, read anew at every
// request.
#pragma once

#include "cim/provider.h"
#include "hypervisor/hypervisor.h"
#include "replication/engine.h"
#include "sharing/shared_disks.h"

namespace reviver::provider {

// All of a namespace: root/HyperVCluster/v2, root/virtualization/v2.
void bind_hyperv_cluster(cim::Registry& registry, replication::Engine& engine,
                         hypervisor::Hypervisor& hypervisor, sharing::SharedDisks& shared_disks);
void bind_virtualization(cim::Registry& registry, replication::Engine& engine,
                         hypervisor::Hypervisor& hypervisor);

// One for each file of sources: binds its classes.
void bind_collections(cim::Registry& registry, replication::Engine& engine);
void bind_settings(cim::Registry& registry, replication::Engine& engine);
void bind_points(cim::Registry& registry, replication::Engine& engine);
void bind_jobs(cim::Registry& registry, replication::Engine& engine);
void bind_systems(cim::Registry& registry, replication::Engine& engine,
                  hypervisor::Hypervisor& hypervisor);
void bind_services(cim::Registry& registry, replication::Engine& engine);
void bind_site(cim::Registry& registry, replication::Engine& engine);
void bind_shared_disks(cim::Registry& registry, replication::Engine& engine,
                       sharing::SharedDisks& shared_disks);

// The replication of single VMs and the service about it, in the namespace that shows VMs.
void bind_vm_replication(cim::Registry& registry, replication::Engine& engine,
                         hypervisor::Hypervisor& hypervisor);
void bind_replication_service(cim::Registry& registry, replication::Engine& engine,
                              hypervisor::Hypervisor& hypervisor);

// What clients of CIM-XML ask first: the namespaces of the registries, with `registry` among them.
void bind_interop(cim::Registry& registry, const std::string& site_name,
                  const std::vector<std::string>& namespaces);

// An instance source made of one function that gives all; get() looks through them.
using Lister = std::function<std::vector<cim::Instance>()>;
void bind_list(cim::Registry& registry, const std::string& class_name, Lister list);

cim::Value datetime_of(sys::WallTime time);  // null for a time that never was

// The properties that the statistics of collections and of single VMs have in common.
void show_statistics(cim::Instance& instance, const replication::Statistics& statistics,
                     sys::WallTime now, HealthLevel health);

}  // namespace reviver::provider
