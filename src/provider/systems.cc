// The VMs of the site, as libvirt knows them, with what replication adds.

#include "base/log.h"
#include "provider/members.h"
#include "provider/methods.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/sources.h"

namespace reviver::provider {

namespace {

using replication::Collection;
using replication::Engine;

// CIM_EnabledLogicalElement.EnabledState.
std::uint16_t enabled_state(hypervisor::Power power) {
    switch (power) {
        case hypervisor::Power::running:
            return 2;
        case hypervisor::Power::held:
            return 9;  // quiesce
        default:
            return 3;
    }
}

cim::Instance instance_of(Engine& engine, const hypervisor::Domain& domain,
                          const Collection* collection) {
    cim::Instance instance("Msvm_ComputerSystem");
    instance.set("CreationClassName", "Msvm_ComputerSystem");
    instance.set("Name", domain.id.text());
    instance.set("ElementName", domain.name);
    instance.set("Caption", "Virtual Machine");
    instance.set("EnabledState", enabled_state(domain.power));
    const bool crashed = domain.power == hypervisor::Power::crashed;
    instance.set("OperationalStatus",
                 std::vector<std::uint16_t>{crashed ? std::uint16_t{6} : std::uint16_t{2}});
    instance.set("HealthState", crashed ? std::uint16_t{25} : std::uint16_t{5});
    instance.set("Status", crashed ? "Error" : "OK");
    instance.set("ReplicationState", std::uint16_t{0});
    instance.set("ReplicationMode", std::uint16_t{0});
    if (collection == nullptr) return instance;
    instance.set("ReplicationState", member_state(collection->place.state));
    instance.set("ReplicationMode", static_cast<std::uint16_t>(collection->place.role));
    instance.set("ReplicationHealth",
                 static_cast<std::uint16_t>(engine.health(collection->id).level));
    instance.set("FailedOverReplicationType", member_failover_type(collection->failover_type));
    instance.set("LastReplicationTime",
                 datetime_of(engine.statistics(collection->id).last_success));
    return instance;
}

// RequestedState: 2 start, 3 power off, 4 shut down through the guest.
cim::MethodResult request_state_change(Engine& engine, hypervisor::Hypervisor& hypervisor,
                                       const cim::Call& call) {
    const VmId vm = vm_of(call.object);
    const cim::Value& wanted = call.argument("RequestedState");
    cim::MethodResult result;
    try {
        switch (wanted.is_null() ? 0 : wanted.as_unsigned()) {
            case 2:
                hypervisor.start(vm);
                break;
            case 3:
                hypervisor.power_off(vm);
                break;
            case 4:
                hypervisor.ask_to_shut_down(vm);
                break;
            default:
                result.return_value = 32773;
                break;
        }
    } catch (const Error& error) {
        log_warning("{}: {}", engine.site().name, error.what());
        throw;
    }
    return result;
}

}  // namespace

void bind_systems(cim::Registry& registry, Engine& engine, hypervisor::Hypervisor& hypervisor) {
    bind_list(registry, "Msvm_ComputerSystem", [&engine, &hypervisor] {
        const auto collections = engine.collections();
        std::vector<cim::Instance> result;
        for (const hypervisor::Domain& domain : hypervisor.domains()) {
            result.push_back(instance_of(engine, domain, collection_of_vm(collections, domain.id)));
        }
        return result;
    });
    registry.bind_method("Msvm_ComputerSystem", "RequestStateChange",
                         [&engine, &hypervisor](const cim::Call& call) {
                             return request_state_change(engine, hypervisor, call);
                         });
    refuse_methods(registry, engine, "Msvm_ComputerSystem",
                   {"RequestReplicationStateChange", "RequestReplicationStateChangeEx"},
                   "virtual machines are replicated with their collection; use "
                   "Msvm_CollectionReplicationService in root/HyperVCluster/v2");
}

}  // namespace reviver::provider
