// The namespaces of the site, for clients that look for them.

#include "provider/sources.h"

namespace reviver::provider {

namespace {

constexpr const char* manager_class = "CIM_ObjectManager";
constexpr const char* manager_name = "reviver";
constexpr const char* system_class = "CIM_ComputerSystem";

cim::Instance manager_of(const std::string& site_name) {
    cim::Instance instance(manager_class);
    instance.set("SystemCreationClassName", system_class);
    instance.set("SystemName", site_name);
    instance.set("CreationClassName", manager_class);
    instance.set("Name", manager_name);
    instance.set("ElementName", "Reviver");
    instance.set("Description", "Replication of groups of virtual machines");
    instance.set("Started", true);
    instance.set("EnabledState", std::uint16_t{2});
    instance.set("OperationalStatus", std::vector<std::uint16_t>{2});
    instance.set("GatherStatisticalData", false);
    return instance;
}

cim::Instance namespace_instance(const std::string& site_name, const std::string& name) {
    cim::Instance instance("CIM_Namespace");
    instance.set("SystemCreationClassName", system_class);
    instance.set("SystemName", site_name);
    instance.set("ObjectManagerCreationClassName", manager_class);
    instance.set("ObjectManagerName", manager_name);
    instance.set("CreationClassName", "CIM_Namespace");
    instance.set("Name", name);
    instance.set("ElementName", name);
    return instance;
}

}  // namespace

void bind_interop(cim::Registry& registry, const std::string& site_name,
                  const std::vector<std::string>& namespaces) {
    std::vector<cim::Instance> full, short_ones, links;
    const cim::Instance manager = manager_of(site_name);
    const cim::Schema& schema = registry.schema();
    for (const std::string& name : namespaces) {
        full.push_back(namespace_instance(site_name, name));
        short_ones.push_back(cim::Instance("__Namespace").set("Name", name));
        cim::Instance link("CIM_NamespaceInManager");
        link.set("Antecedent", schema.path_of(manager));
        link.set("Dependent", schema.path_of(full.back()));
        links.push_back(std::move(link));
    }
    bind_list(registry, manager_class, [manager] { return std::vector{manager}; });
    bind_list(registry, "CIM_Namespace", [full] { return full; });
    bind_list(registry, "__Namespace", [short_ones] { return short_ones; });
    bind_list(registry, "CIM_NamespaceInManager", [links] { return links; });
}

}  // namespace reviver::provider
