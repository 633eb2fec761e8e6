// Disks that several VMs share: those that the site serves, and what replicates of them with a
// collection.

#include "provider/members.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/sources.h"

#include <algorithm>

namespace reviver::provider {

namespace {

using replication::Collection;
using replication::Engine;

constexpr const char* site_service = "Reviver_SiteService";
constexpr const char* disk_set_class = "Msvm_SharedDiskSetReplicationRelationship";
constexpr const char* link_class =
    "Msvm_SharedDiskSetReplicationRelationshipOfVirtualSystemCollection";

cim::Instance disk_instance(const sharing::ShownDisk& shown) {
    cim::Instance instance("Reviver_SharedDisk");
    instance.set("DiskId", shown.disk.id.text());
    instance.set("ElementName", shown.disk.name);
    instance.set("Name", shown.disk.name);
    instance.set("File", shown.disk.image.path.string());
    instance.set("Format", shown.disk.image.format);
    instance.set("Served", shown.served);
    if (!shown.trouble.empty()) instance.set("Trouble", shown.trouble);
    std::vector<cim::Value> users;
    for (const VmId vm : shown.users) users.emplace_back(vm.text());
    instance.set("VirtualMachineIds", cim::Value::array(cim::Type::string, std::move(users)));
    return instance;
}

// --- the set of a collection's shared disks, replicated once for the group

// Of the newest point where points are kept, else as last sent.
std::vector<DiskShape> shapes_of(Engine& engine, const Collection& c) {
    if (c.place.role == Role::replica) {
        const auto points = engine.points(c.id);
        if (!points.empty()) return points.back().disks;
    }
    return c.shapes;
}

// A disk that is of no member is shared.
bool has_shared_disks(Engine& engine, const Collection& c) {
    const auto is_shared = [&](const DiskShape& shape) {
        return std::ranges::find(c.members, shape.key.vm.text()) == c.members.end();
    };
    return std::ranges::any_of(shapes_of(engine, c), is_shared);
}

std::vector<Collection> with_shared_disks(Engine& engine) {
    std::vector<Collection> result;
    for (const Collection& c : engine.collections()) {
        if (!c.of_collections && c.place.role != Role::none && has_shared_disks(engine, c))
            result.push_back(c);
    }
    return result;
}

cim::Instance disk_set(Engine& engine, const Collection& c) {
    const sys::WallTime last = engine.statistics(c.id).last_success;
    constexpr std::uint16_t none = 0, regular = 1;
    cim::Instance instance(disk_set_class);
    instance.set("CollectionID", c.id.text());
    instance.set("ElementName", c.name);
    instance.set("Caption", "Replication relationship of shared disks");
    instance.set("ReplicationState", member_state(c.place.state));
    instance.set("ReplicationHealth", static_cast<std::uint16_t>(engine.health(c.id).level));
    instance.set("FailedOverReplicationType", member_failover_type(c.failover_type));
    instance.set("LastReplicationType", last == sys::WallTime{} ? none : regular);
    instance.set("LastReplicationTime", datetime_of(last));
    instance.set("LastApplyTime", datetime_of(c.last_apply_time));
    return instance;
}

cim::Instance link_to_disk_set(const Collection& c) {
    cim::Instance link(link_class);
    link.set("Antecedent", path_of_collection("Msvm_VirtualSystemCollection", c.id));
    link.set("Dependent", cim::ObjectPath(disk_set_class, {{"CollectionID", c.id.text()}}));
    return link;
}

void bind_disk_sets(cim::Registry& registry, Engine& engine) {
    bind_list(registry, disk_set_class, [&engine] {
        std::vector<cim::Instance> result;
        for (const Collection& c : with_shared_disks(engine)) result.push_back(disk_set(engine, c));
        return result;
    });
    bind_list(registry, link_class, [&engine] {
        std::vector<cim::Instance> result;
        for (const Collection& c : with_shared_disks(engine)) result.push_back(link_to_disk_set(c));
        return result;
    });
}

// --- methods

std::string text_argument(const cim::Call& call, const char* name) {
    const cim::Value& value = call.argument(name);
    if (value.is_null()) fail(Code::invalid_parameter, "{} is NULL", name);
    return value.as_string();
}

cim::MethodResult add(sharing::SharedDisks& disks, const cim::Call& call) {
    const cim::Value& format = call.argument("Format");
    const cim::Value& size = call.argument("CreateSize");
    const VmId id = disks.add(
        {text_argument(call, "Name"),
         {text_argument(call, "File"), format.is_null() ? std::string("raw") : format.as_string()},
         size.is_null() ? 0 : size.as_unsigned()});
    cim::MethodResult result;
    result.out["DiskId"] = id.text();
    return result;
}

cim::MethodResult definition(sharing::SharedDisks& disks, const cim::Call& call) {
    const std::string vm = text_argument(call, "VirtualMachineId");
    const auto id = VmId::parse(vm);
    if (!id) fail(Code::invalid_parameter, "'{}' is no id of a VM", vm);
    const cim::Value& target = call.argument("Target");
    cim::MethodResult result;
    result.out["Definition"] = disks.element_for(text_argument(call, "Name"), *id,
                                                 target.is_null() ? "" : target.as_string());
    return result;
}

}  // namespace

void bind_shared_disks(cim::Registry& registry, Engine& engine,
                       sharing::SharedDisks& shared_disks) {
    bind_disk_sets(registry, engine);
    bind_list(registry, "Reviver_SharedDisk", [&shared_disks] {
        std::vector<cim::Instance> result;
        for (const auto& shown : shared_disks.list()) result.push_back(disk_instance(shown));
        return result;
    });
    registry.bind_method(site_service, "AddSharedDisk", [&shared_disks](const cim::Call& call) {
        return add(shared_disks, call);
    });
    registry.bind_method(site_service, "RemoveSharedDisk", [&shared_disks](const cim::Call& call) {
        shared_disks.remove(text_argument(call, "Name"));
        return cim::MethodResult{};
    });
    registry.bind_method(
        site_service, "GetSharedDiskDefinition",
        [&shared_disks](const cim::Call& call) { return definition(shared_disks, call); });
}

}  // namespace reviver::provider
