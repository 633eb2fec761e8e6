// What docs/architecture.md shows of adding a class and a method, built and called.
#include "cim/mof_parser.h"
#include "cim/object_manager.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

TEST(Example, AClassAndAMethodAreAFewLines) {
    auto schema = std::make_shared<Schema>("root/example");
    read_mof(*schema, "example.mof", [](const std::string&) {
        return "class Greeter { [Key] string Name;"
               " uint32 Greet([In] string Name, [In(false), Out] string Text); };";
    });
    schema->resolve();
    Registry registry(schema);
    class One : public InstanceSource {
        std::vector<Instance> enumerate(const std::string& name) override {
            return {Instance(name).set("Name", "only")};
        }
        std::optional<Instance> get(const ObjectPath&) override { return enumerate("Greeter")[0]; }
    };
    registry.bind_class("Greeter", std::make_shared<One>());
    registry.bind_method("Greeter", "Greet", [](const Call& call) {
        MethodResult result;
        result.out["Text"] = "Hello, " + call.argument("Name").as_string();
        return result;
    });
    ObjectManager objects(std::make_shared<RoleAuthorizer>());
    objects.add_namespace(std::move(registry));

    const Principal who("admin", {Role::administrator});
    EXPECT_EQ(objects.query(who, "", "select * from Greeter where Name = 'only'").found.size(), 1u);
    const MethodResult greeted =
        objects.invoke(who, ObjectPath("Greeter", {{"Name", "only"}}), "greet", {{"Name", "you"}});
    EXPECT_EQ(greeted.out.at("Text").as_string(), "Hello, you");
}

}  // namespace
}  // namespace reviver::cim
