#include "provider/service_instances.h"

#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/sources.h"

namespace reviver::provider {

namespace {

using replication::Engine;

constexpr ServiceName services[] = {collection_service, replication_service, snapshot_service,
                                    reference_point_service, vm_replication_service};
constexpr std::uint32_t not_supported = 1;

cim::Instance service_instance(const ServiceName& service, const Engine& engine) {
    cim::Instance instance(service.class_name);
    instance.set("SystemCreationClassName", "Msvm_ComputerSystem");
    instance.set("SystemName", engine.site().name);
    instance.set("CreationClassName", service.class_name);
    instance.set("Name", service.name);
    instance.set("ElementName", service.caption);
    instance.set("Caption", service.caption);
    instance.set("Started", true);
    instance.set("EnabledState", std::uint16_t{2});
    instance.set("EnabledDefault", std::uint16_t{2});
    instance.set("RequestedState", std::uint16_t{12});
    instance.set("HealthState", std::uint16_t{5});
    instance.set("OperationalStatus", std::vector<std::uint16_t>{2});
    instance.set("Status", "OK");
    return instance;
}

bool manages(const ServiceName& service, const replication::Collection& c) {
    if (service.class_name == vm_replication_service.class_name) return false;
    return !c.of_collections || service.class_name == collection_service.class_name;
}

cim::Instance link_to(const ServiceName& service, const Engine& engine,
                      const replication::Collection& c) {
    constexpr std::uint16_t manages = 5;
    cim::Instance link("Msvm_ServiceAffectsElement");
    const char* class_name =
        c.of_collections ? "Msvm_ManagementCollection" : "Msvm_VirtualSystemCollection";
    link.set("AffectedElement", path_of_collection(class_name, c.id));
    link.set("AffectingElement", path_of_service(service, engine));
    link.set("ElementEffects", std::vector<std::uint16_t>{manages});
    return link;
}

std::vector<cim::Instance> managed_elements(Engine& engine, const std::vector<ServiceName>& here) {
    std::vector<cim::Instance> result;
    for (const replication::Collection& c : engine.collections()) {
        for (const ServiceName& service : here) {
            if (manages(service, c)) result.push_back(link_to(service, engine, c));
        }
    }
    return result;
}

// The services run as long as the site does.
void bind_states(cim::Registry& registry) {
    const auto answer = [](std::uint32_t value) {
        return [value](const cim::Call&) { return cim::MethodResult{value, {}}; };
    };
    registry.bind_method("CIM_Service", "StartService", answer(completed));
    registry.bind_method("CIM_Service", "StopService", answer(not_supported));
    registry.bind_method("CIM_Service", "RequestStateChange", answer(not_supported));
}

}  // namespace

cim::ObjectPath path_of_service(const ServiceName& service, const Engine& engine) {
    return path_of_service(service.class_name, service.name, engine.site().name);
}

void bind_service_instances(cim::Registry& registry, Engine& engine) {
    std::vector<ServiceName> here;
    for (const ServiceName& service : services) {
        if (registry.schema().find(service.class_name) == nullptr) continue;
        here.push_back(service);
        bind_list(registry, service.class_name,
                  [&engine, service] { return std::vector{service_instance(service, engine)}; });
    }
    bind_list(registry, "Msvm_ServiceAffectsElement",
              [&engine, here] { return managed_elements(engine, here); });
    bind_states(registry);
}

}  // namespace reviver::provider
