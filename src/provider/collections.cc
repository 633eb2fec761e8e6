// Collections of VMs, collections of collections, and who is in them.

#include "provider/live_instances.h"
#include "provider/names.h"
#include "provider/sources.h"
#include "replication/agenda.h"

namespace reviver::provider {

namespace {

using replication::Collection;
using replication::Engine;

cim::Instance common(const Collection& c, const char* class_name) {
    cim::Instance instance(class_name);
    instance.set("CollectionID", c.id.text());
    instance.set("InstanceID", c.id.text());
    instance.set("ElementName", c.name);
    instance.set("Caption",
                 c.of_collections ? "Collection of collections" : "Collection of virtual machines");
    return instance;
}

cim::Instance vm_collection(const Collection& c) {
    cim::Instance instance = common(c, "Msvm_VirtualSystemCollection");
    const std::string waits_for = replication::agenda_text(
        c, std::chrono::floor<sys::Duration>(std::chrono::system_clock::now()));
    const bool is_test = c.place.role == Role::test_replica;
    instance.set("Description",
                 is_test ? fmt::format("test of recovery point {}", c.failover_point.value)
                         : std::string(name_of(c.place.state)) +
                               (waits_for.empty() ? "" : "; " + waits_for));
    instance.set("ReplicationState", static_cast<std::uint16_t>(c.place.state));
    instance.set("ReplicationMode", static_cast<std::uint16_t>(c.place.role));
    instance.set("FailedOverReplicationType", static_cast<std::uint16_t>(c.failover_type));
    if (c.place.role != Role::replica || c.last_apply_time == sys::WallTime{}) return instance;
    instance.set("LastApplyTime", datetime_of(c.last_apply_time));
    instance.set("LastApplyVirtualMachineIds", c.members);
    instance.set("LastApplyConsistencyLevel", static_cast<std::uint16_t>(c.last_apply_consistency));
    return instance;
}

std::vector<cim::Instance> list(Engine& engine, bool of_collections) {
    std::vector<cim::Instance> result;
    for (const Collection& c : engine.collections()) {
        if (c.of_collections != of_collections) continue;
        result.push_back(collection_instance(c));
    }
    return result;
}

std::vector<cim::Instance> memberships(Engine& engine, bool of_collections) {
    std::vector<cim::Instance> result;
    for (const Collection& c : engine.collections()) {
        if (c.of_collections != of_collections) continue;
        for (const std::string& member : c.members) {
            cim::Instance link(of_collections ? "Msvm_CollectedCollections"
                                              : "Msvm_CollectedVirtualSystems");
            link.set("Collection",
                     path_of_collection(of_collections ? "Msvm_ManagementCollection"
                                                       : "Msvm_VirtualSystemCollection",
                                        c.id));
            if (of_collections) {
                const auto inner = CollectionId::parse(member);
                if (inner)
                    link.set("Member", path_of_collection("Msvm_VirtualSystemCollection", *inner));
            } else if (const auto vm = VmId::parse(member)) {
                link.set("Member", path_of_vm(*vm));
            }
            result.push_back(std::move(link));
        }
    }
    return result;
}

std::vector<cim::Instance> tests(Engine& engine) {
    std::vector<cim::Instance> result;
    for (const Collection& c : engine.collections()) {
        if (!c.trial || !engine.collection(c.trial->collection)) continue;
        cim::Instance link("Msvm_ReplicaCollectionDependency");
        link.set("Antecedent", path_of_collection("Msvm_VirtualSystemCollection", c.id));
        link.set("Dependent",
                 path_of_collection("Msvm_VirtualSystemCollection", c.trial->collection));
        result.push_back(std::move(link));
    }
    return result;
}

}  // namespace

cim::Instance collection_instance(const Collection& collection) {
    return collection.of_collections ? common(collection, "Msvm_ManagementCollection")
                                     : vm_collection(collection);
}

void bind_collections(cim::Registry& registry, Engine& engine) {
    bind_list(registry, "Msvm_VirtualSystemCollection", [&engine] { return list(engine, false); });
    bind_list(registry, "Msvm_ManagementCollection", [&engine] { return list(engine, true); });
    bind_list(registry, "Msvm_CollectedVirtualSystems",
              [&engine] { return memberships(engine, false); });
    bind_list(registry, "Msvm_CollectedCollections",
              [&engine] { return memberships(engine, true); });
    constexpr const char* dependency = "Msvm_ReplicaCollectionDependency";
    if (registry.schema().find(dependency) == nullptr) return;
    bind_list(registry, dependency, [&engine] { return tests(engine); });
}

}  // namespace reviver::provider
