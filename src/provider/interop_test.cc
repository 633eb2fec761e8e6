#include "cim/builtin_schema.h"
#include "cim/object_manager.h"
#include "provider/sources.h"

#include <gtest/gtest.h>

namespace reviver::provider {
namespace {

class Interop : public testing::Test {
  protected:
    Interop() {
        for (const char* name : cim::interop_namespaces) {
            cim::Registry registry(cim::load_interop_schema(name));
            bind_interop(registry, "east", {"root/HyperVCluster/v2", "interop", "root/interop"});
            objects_.add_namespace(std::move(registry));
        }
    }

    std::vector<std::string> names(const char* name_space, const char* class_name) {
        std::vector<std::string> result;
        for (const cim::Found& one : objects_.enumerate(
                 who_, name_space, class_name, cim::Polymorphism::include_subclass_properties)) {
            result.push_back(one.path.key_text("Name"));
        }
        return result;
    }

    cim::ObjectManager objects_{std::make_shared<cim::RoleAuthorizer>()};
    cim::Principal who_{"reader", {cim::Role::viewer}};
};

TEST_F(Interop, BothNamespacesNameAllByBothClasses) {
    const std::vector<std::string> all = {"root/HyperVCluster/v2", "interop", "root/interop"};
    for (const char* name_space : cim::interop_namespaces) {
        EXPECT_EQ(names(name_space, "CIM_Namespace"), all);
        EXPECT_EQ(names(name_space, "__Namespace"), all);
    }
}

TEST_F(Interop, TheManagerLeadsToItsNamespaces) {
    const auto managers = objects_.enumerate(who_, "root/interop", "CIM_Service",
                                             cim::Polymorphism::include_subclass_properties);
    ASSERT_EQ(managers.size(), 1u);
    EXPECT_EQ(managers[0].path.key_text("SystemName"), "east");
    EXPECT_EQ(
        objects_.associators(who_, managers[0].path, {"CIM_NamespaceInManager", "", "", ""}).size(),
        3u);
}

}  // namespace
}  // namespace reviver::provider
