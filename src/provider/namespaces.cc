// Which sources a namespace has.

#include "provider/sources.h"

namespace reviver::provider {

void bind_hyperv_cluster(cim::Registry& registry, replication::Engine& engine,
                         hypervisor::Hypervisor& hypervisor, sharing::SharedDisks& shared_disks) {
    bind_collections(registry, engine);
    bind_settings(registry, engine);
    bind_points(registry, engine);
    bind_jobs(registry, engine);
    bind_systems(registry, engine, hypervisor);
    bind_services(registry, engine);
    bind_site(registry, engine);
    bind_shared_disks(registry, engine, shared_disks);
}

void bind_virtualization(cim::Registry& registry, replication::Engine& engine,
                         hypervisor::Hypervisor& hypervisor) {
    bind_collections(registry, engine);
    bind_systems(registry, engine, hypervisor);
    bind_jobs(registry, engine);
    bind_services(registry, engine);
    bind_vm_replication(registry, engine, hypervisor);
    bind_replication_service(registry, engine, hypervisor);
}

}  // namespace reviver::provider
