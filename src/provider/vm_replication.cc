// The replication of single VMs, live: each shows what its collection does.

#include "cim/embedded_text.h"
#include "hypervisor/domain_xml.h"
#include "provider/live_instances.h"
#include "provider/members.h"
#include "provider/names.h"
#include "provider/service_instances.h"
#include "provider/settings.h"
#include "provider/sources.h"

#include <algorithm>

namespace reviver::provider {

namespace {

using hypervisor::Domain;
using hypervisor::Hypervisor;
using replication::AdapterSettings;
using replication::Collection;
using replication::Engine;

constexpr const char* relationship_class = "Msvm_ReplicationRelationship";
constexpr const char* settings_class = "Msvm_ReplicationSettingData";
constexpr const char* adapter_class = "Msvm_FailoverNetworkAdapterSettingData";

std::string relationship_id(VmId vm) {
    return "Reviver:" + vm.text() + "\\HVR\\0";
}

std::string settings_id(VmId vm) {
    return "Reviver:" + vm.text() + "\\HVR";
}

cim::ObjectPath path_of(const char* class_name, const std::string& instance_id) {
    return cim::ObjectPath(class_name, {{"InstanceID", instance_id}});
}

// A member shows what its collection has no number for.
std::uint16_t relationship_state(const Collection& c) {
    constexpr std::uint16_t disk_update_in_progress = 15, disk_update_critical = 16;
    if (c.disk_update && !c.disk_update->trouble.empty()) return disk_update_critical;
    const bool updating = c.disk_update && c.place.state == State::replicating;
    return updating ? disk_update_in_progress : member_state(c.place.state);
}

cim::Instance relationship_of(Engine& engine, const Collection& c, VmId vm, HealthLevel health) {
    const sys::WallTime last = engine.statistics(c.id).last_success;
    constexpr std::uint16_t none = 0, regular = 1;
    cim::Instance instance(relationship_class);
    instance.set("InstanceID", relationship_id(vm));
    instance.set("ElementName", c.name);
    instance.set("Caption", "Replication relationship");
    instance.set("ReplicationState", relationship_state(c));
    instance.set("ReplicationHealth", static_cast<std::uint16_t>(health));
    instance.set("FailedOverReplicationType", member_failover_type(c.failover_type));
    instance.set("LastReplicationType", last == sys::WallTime{} ? none : regular);
    instance.set("LastReplicationTime", datetime_of(last));
    if (c.last_application != sys::WallTime{}) {
        instance.set("LastApplicationConsistentReplicationTime", datetime_of(c.last_application));
    }
    instance.set("LastApplyTime", datetime_of(c.last_apply_time));
    return instance;
}

// `make` is given each VM that replicates, with its collection.
template <class F>
std::vector<cim::Instance> for_each_member(Engine& engine, F&& make) {
    std::vector<cim::Instance> result;
    for (const Collection& c : engine.collections()) {
        if (c.of_collections || !is_in_relationship(c.place.role)) continue;
        for (const std::string& member : c.members) {
            if (const auto vm = VmId::parse(member)) result.push_back(make(c, *vm));
        }
    }
    return result;
}

}  // namespace

std::vector<cim::Instance> relationship_instances(Engine& engine, const Collection& collection) {
    std::vector<cim::Instance> result;
    if (collection.of_collections || !is_in_relationship(collection.place.role)) return result;
    const HealthLevel health = engine.health(collection.id).level;
    for (const std::string& member : collection.members) {
        const auto vm = VmId::parse(member);
        if (vm) result.push_back(relationship_of(engine, collection, *vm, health));
    }
    return result;
}

namespace {

cim::Instance link_to_relationship(VmId vm) {
    cim::Instance link("Msvm_SystemReplicationRelationship");
    link.set("Antecedent", path_of_vm(vm));
    link.set("Dependent", path_of(relationship_class, relationship_id(vm)));
    return link;
}

// --- settings: every VM has them, also before it replicates

std::vector<std::string> included_disks(const Collection& c, VmId vm) {
    std::vector<std::string> names = c.settings.included_disks;
    if (names.empty()) {
        for (const DiskShape& shape : c.shapes) names.push_back(shape.key.text());
    }
    std::vector<std::string> result;
    for (const std::string& name : names) {
        const auto key = parse_disk_key(name);
        if (!key || key->vm != vm) continue;
        cim::Instance disk("CIM_StorageAllocationSettingData");
        disk.set("InstanceID", "Reviver:" + key->text());
        disk.set("ElementName", key->target);
        result.push_back(cim::write_embedded(disk));
    }
    return result;
}

void show_hosts(cim::Instance& instance, const Collection& c, const std::string& here) {
    const bool primary = c.place.role == Role::primary;
    instance.set("PrimaryHostSystem", primary ? here : c.peer);
    instance.set("RecoveryHostSystem", primary ? c.peer : here);
}

cim::Instance settings_of(const Engine& engine, const Domain& domain, const Collection* c) {
    cim::Instance instance(settings_class);
    instance.set("InstanceID", settings_id(domain.id));
    instance.set("ElementName", domain.name);
    instance.set("Caption", "Replication settings");
    instance.set("VirtualSystemIdentifier", domain.id.text());
    show_settings(instance, c == nullptr ? Settings{} : c->settings);
    instance.set("EnableWriteOrderPreservationAcrossDisks", true);
    if (c == nullptr) return instance;
    show_hosts(instance, *c, engine.site().name);
    instance.set("IncludedDisks", included_disks(*c, domain.id));
    return instance;
}

std::vector<cim::Instance> all_settings(Engine& engine, Hypervisor& hypervisor) {
    const auto collections = engine.collections();
    std::vector<cim::Instance> result;
    for (const Domain& domain : hypervisor.domains()) {
        result.push_back(settings_of(engine, domain, collection_of_vm(collections, domain.id)));
    }
    return result;
}

// --- network adapters

// The settings that are kept, and for every other adapter of the VM the ones that leave it as it
// is.
std::vector<AdapterSettings> adapters_of(Engine& engine, const Domain& domain) {
    std::vector<AdapterSettings> result = engine.failover_network().of(domain.id);
    for (const std::string& mac : hypervisor::DomainXml(domain.xml).mac_addresses()) {
        const bool kept = std::any_of(result.begin(), result.end(),
                                      [&](const auto& each) { return each.adapter == mac; });
        if (!kept) {
            result.emplace_back();
            result.back().adapter = mac;
        }
    }
    return result;
}

cim::Instance adapter_instance(VmId vm, const AdapterSettings& adapter) {
    cim::Instance instance(adapter_class);
    instance.set("InstanceID", adapter_instance_id(vm, adapter.adapter));
    instance.set("ElementName", adapter.adapter);
    instance.set("ProtocolIFType", adapter.protocol);
    instance.set("DHCPEnabled", adapter.dhcp);
    instance.set("IPAddresses", adapter.addresses);
    instance.set("Subnets", adapter.subnets);
    instance.set("DefaultGateways", adapter.gateways);
    instance.set("DNSServers", adapter.dns_servers);
    return instance;
}

std::vector<cim::Instance> all_adapters(Engine& engine, Hypervisor& hypervisor) {
    std::vector<cim::Instance> result;
    for (const Domain& domain : hypervisor.domains()) {
        for (const AdapterSettings& adapter : adapters_of(engine, domain)) {
            result.push_back(adapter_instance(domain.id, adapter));
        }
    }
    return result;
}

// --- what belongs to what

cim::Instance link_to_settings(const cim::ObjectPath& element, const cim::ObjectPath& settings) {
    constexpr std::uint16_t current = 1;
    cim::Instance link("Msvm_ElementSettingData");
    link.set("ManagedElement", element);
    link.set("SettingData", settings);
    link.set("IsCurrent", current);
    return link;
}

std::vector<cim::Instance> settings_of_vms(Engine& engine, Hypervisor& hypervisor) {
    const auto collections = engine.collections();
    std::vector<cim::Instance> links;
    for (const Domain& domain : hypervisor.domains()) {
        const auto settings = path_of(settings_class, settings_id(domain.id));
        links.push_back(link_to_settings(path_of_vm(domain.id), settings));
        if (collection_of_vm(collections, domain.id) != nullptr) {
            links.push_back(link_to_settings(
                path_of(relationship_class, relationship_id(domain.id)), settings));
        }
        for (const AdapterSettings& adapter : adapters_of(engine, domain)) {
            links.push_back(link_to_settings(
                path_of_vm(domain.id),
                path_of(adapter_class, adapter_instance_id(domain.id, adapter.adapter))));
        }
    }
    return links;
}

std::vector<cim::Instance> settings_of_service(Engine& engine) {
    const cim::ObjectPath service = path_of_service(vm_replication_service, engine);
    std::vector<cim::Instance> links;
    links.push_back(link_to_settings(service, path_of_service_settings()));
    for (const replication::Peer& peer : engine.peers().list()) {
        if (peer.authorization) {
            links.push_back(link_to_settings(service, path_of_authorization(peer.name)));
        }
    }
    return links;
}

}  // namespace

void bind_vm_replication(cim::Registry& registry, Engine& engine, Hypervisor& hypervisor) {
    bind_list(registry, relationship_class, [&engine] {
        return for_each_member(engine, [&engine](const Collection& c, VmId vm) {
            return relationship_of(engine, c, vm, engine.health(c.id).level);
        });
    });
    bind_list(registry, "Msvm_SystemReplicationRelationship", [&engine] {
        return for_each_member(engine,
                               [](const Collection&, VmId vm) { return link_to_relationship(vm); });
    });
    bind_list(registry, settings_class,
              [&engine, &hypervisor] { return all_settings(engine, hypervisor); });
    bind_list(registry, adapter_class,
              [&engine, &hypervisor] { return all_adapters(engine, hypervisor); });
    bind_list(registry, "Msvm_ElementSettingData", [&engine, &hypervisor] {
        std::vector<cim::Instance> links = settings_of_service(engine);
        for (cim::Instance& link : settings_of_vms(engine, hypervisor)) {
            links.push_back(std::move(link));
        }
        return links;
    });
}

}  // namespace reviver::provider
