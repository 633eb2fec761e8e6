// Recovery points, on the side that holds them.

#include "provider/live_instances.h"
#include "provider/names.h"
#include "provider/sources.h"

namespace reviver::provider {

namespace {

using replication::Engine;

std::string element_name(const PointInfo& point) {
    switch (point.kind) {
        case PointKind::regular:
            return fmt::format("point {}", point.sequence.value);
        case PointKind::planned:
            return fmt::format("point {}, planned failover", point.sequence.value);
        case PointKind::tail:
            return fmt::format("point {}, what the old primary had not sent", point.sequence.value);
        case PointKind::seed:
            break;  // never listed
    }
    return {};
}

cim::Instance instance_of(CollectionId collection, const PointInfo& point) {
    cim::Instance instance("Msvm_CollectionRecoveryPoint");
    instance.set("InstanceID", point_instance_id(collection, point.sequence));
    instance.set("CollectionID", collection.text());
    instance.set("ElementName", element_name(point));
    instance.set("CreationTime", datetime_of(point.cut_time));
    std::vector<std::string> vms, ids;
    for (const VmDefinition& vm : point.vms) {
        vms.push_back(vm.id.text());
        ids.push_back(fmt::format("Reviver:{}\\{}", vm.id.text(), point.sequence.value));
    }
    instance.set("VirtualMachineIds", vms);
    instance.set("RecoveryPointIds", ids);
    instance.set("ConsistencyLevel", static_cast<std::uint16_t>(point.consistency));
    return instance;
}

// While the collection is a replica or failed over. A primary may still hold files of points that
// its own disks build on; they are no recovery points any more.
template <class F>
std::vector<cim::Instance> for_each_point(Engine& engine, F&& make) {
    std::vector<cim::Instance> result;
    for (const auto& c : engine.collections()) {
        if (c.place.role != Role::replica) continue;
        for (const PointInfo& point : engine.points(c.id)) result.push_back(make(c.id, point));
    }
    return result;
}

}  // namespace

std::vector<cim::Instance> point_instances(Engine& engine,
                                           const replication::Collection& collection) {
    std::vector<cim::Instance> result;
    if (collection.place.role != Role::replica) return result;
    for (const PointInfo& point : engine.points(collection.id)) {
        result.push_back(instance_of(collection.id, point));
    }
    return result;
}

void bind_points(cim::Registry& registry, Engine& engine) {
    bind_list(registry, "Msvm_CollectionRecoveryPoint",
              [&engine] { return for_each_point(engine, instance_of); });
    bind_list(registry, "Msvm_RecoveryPointOfVirtualSystemCollection", [&engine] {
        return for_each_point(engine, [](CollectionId id, const PointInfo& point) {
            cim::Instance link("Msvm_RecoveryPointOfVirtualSystemCollection");
            link.set("Antecedent", path_of_collection("Msvm_VirtualSystemCollection", id));
            link.set("Dependent", path_of_point(id, point.sequence));
            return link;
        });
    });
}

}  // namespace reviver::provider
