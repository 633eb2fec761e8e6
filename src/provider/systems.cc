// The VMs of the site, as libvirt knows them, with what replication adds.

#include "base/log.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/sources.h"

#include <algorithm>

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

const Collection* collection_of_vm(const std::vector<Collection>& collections, VmId vm) {
    const std::string text = vm.text();
    const auto found =
        std::find_if(collections.begin(), collections.end(), [&](const Collection& c) {
            return !c.of_collections && c.place.role != Role::none &&
                   std::find(c.members.begin(), c.members.end(), text) != c.members.end();
        });
    return found == collections.end() ? nullptr : &*found;
}

// The numbering of a single VM's state differs above 11; what a group shows there reads on a member
// as below.
std::uint16_t member_state(State state) {
    switch (state) {
        case State::planned_failover_initiated:
            return 19;  // prepared for sync replication
        case State::repurpose_initiated:
            return 20;  // prepared for group reverse replication
        case State::partially_recovered:
            return 12;  // failover in progress
        default:
            return static_cast<std::uint16_t>(state);
    }
}

cim::Instance instance_of(const hypervisor::Domain& domain, const Collection* collection) {
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

std::string relationship_id(VmId vm) {
    return "Reviver:" + vm.text() + "\\HVR\\0";
}

cim::Instance relationship_of(Engine& engine, const Collection& c, VmId vm, HealthLevel health) {
    const sys::WallTime last = engine.statistics(c.id).last_success;
    constexpr std::uint16_t none = 0, regular = 1;
    cim::Instance instance("Msvm_ReplicationRelationship");
    instance.set("InstanceID", relationship_id(vm));
    instance.set("ElementName", c.name);
    instance.set("Caption", "Replication relationship");
    instance.set("ReplicationState", member_state(c.place.state));
    instance.set("ReplicationHealth", static_cast<std::uint16_t>(health));
    instance.set("FailedOverReplicationType", static_cast<std::uint16_t>(c.failover_type));
    instance.set("LastReplicationType", last == sys::WallTime{} ? none : regular);
    instance.set("LastReplicationTime", datetime_of(last));
    instance.set("LastApplyTime", datetime_of(c.last_apply_time));
    return instance;
}

// `make` is given each VM that replicates, with its collection.
template <class F>
std::vector<cim::Instance> for_each_member(Engine& engine, F&& make) {
    std::vector<cim::Instance> result;
    for (const Collection& c : engine.collections()) {
        if (c.of_collections || c.place.role == Role::none) continue;
        for (const std::string& member : c.members) {
            if (const auto vm = VmId::parse(member)) result.push_back(make(c, *vm));
        }
    }
    return result;
}

cim::Instance link_to_relationship(VmId vm) {
    cim::Instance link("Msvm_SystemReplicationRelationship");
    link.set("Antecedent", path_of_vm(vm));
    link.set("Dependent", cim::ObjectPath("Msvm_ReplicationRelationship",
                                          {{"InstanceID", relationship_id(vm)}}));
    return link;
}

}  // namespace

void bind_relationships(cim::Registry& registry, Engine& engine) {
    bind_list(registry, "Msvm_ReplicationRelationship", [&engine] {
        return for_each_member(engine, [&engine](const Collection& c, VmId vm) {
            return relationship_of(engine, c, vm, engine.health(c.id).level);
        });
    });
    bind_list(registry, "Msvm_SystemReplicationRelationship", [&engine] {
        return for_each_member(engine,
                               [](const Collection&, VmId vm) { return link_to_relationship(vm); });
    });
}

void bind_systems(cim::Registry& registry, Engine& engine, hypervisor::Hypervisor& hypervisor) {
    bind_list(registry, "Msvm_ComputerSystem", [&engine, &hypervisor] {
        const auto collections = engine.collections();
        std::vector<cim::Instance> result;
        for (const hypervisor::Domain& domain : hypervisor.domains()) {
            result.push_back(instance_of(domain, collection_of_vm(collections, domain.id)));
        }
        return result;
    });
    registry.bind_method("Msvm_ComputerSystem", "RequestStateChange",
                         [&engine, &hypervisor](const cim::Call& call) {
                             return request_state_change(engine, hypervisor, call);
                         });
}

}  // namespace reviver::provider
