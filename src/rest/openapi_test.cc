#include "rest/openapi.h"

#include "cim/builtin_schema.h"
#include "server/test_model.h"

#include <gtest/gtest.h>

namespace reviver::rest {
namespace {

namespace json = boost::json;

const cim::Principal viewer("viewer", {cim::Role::viewer});

json::object document_of_everything() {
    cim::ObjectManager objects(std::make_shared<cim::RoleAuthorizer>());
    objects.add_namespace(cim::Registry(cim::load_hyperv_cluster_schema()));
    objects.add_namespace(cim::Registry(cim::load_virtualization_schema()));
    return openapi_document(objects, viewer);
}

const json::object& components(const json::object& document) {
    return document.at("components").at("schemas").as_object();
}

// Every reference within `value` leads somewhere.
void check_references(const json::value& value, const json::object& schemas) {
    if (value.is_array()) {
        for (const json::value& one : value.get_array()) check_references(one, schemas);
    }
    if (!value.is_object()) return;
    for (const auto& [name, one] : value.get_object()) {
        if (name == "$ref") {
            const std::string to(one.as_string());
            ASSERT_TRUE(to.starts_with("#/components/schemas/"));
            ASSERT_TRUE(schemas.contains(to.substr(21))) << to;
        }
        check_references(one, schemas);
    }
}

TEST(OpenApi, HasEveryClassPropertyAndMethod) {
    const json::object document = document_of_everything();
    const json::object& schemas = components(document);
    const json::object& paths = document.at("paths").as_object();
    std::size_t methods = 0;
    for (const auto& schema :
         {cim::load_hyperv_cluster_schema(), cim::load_virtualization_schema()}) {
        std::string root = "/api/v1/" + schema->name_space();
        std::replace(root.begin() + 8, root.end(), '/', ':');
        for (const cim::Class& one : schema->classes()) {
            const std::string name = component_name(schema->name_space(), one.name);
            const json::object& own =
                schemas.at(name).at("allOf").at(1).at("properties").as_object();
            EXPECT_EQ(own.size(), one.own_properties.size()) << name;
            EXPECT_TRUE(paths.contains(root + "/instances/" + one.name)) << name;
            for (const cim::Method& method : one.own_methods) {
                EXPECT_TRUE(schemas.contains(name + "." + method.name + ".in"));
                EXPECT_TRUE(schemas.contains(name + "." + method.name + ".out"));
            }
            if (one.is_abstract()) continue;
            for (const cim::Method& method : one.methods) {
                const std::string path =
                    root + "/instances/" + one.name + "/{keys}/methods/" + method.name;
                EXPECT_TRUE(paths.contains(path)) << path;
                ++methods;
            }
        }
    }
    EXPECT_GT(methods, 100u);
    check_references(document, schemas);
}

TEST(OpenApi, SaysWhatValuesMean) {
    const json::object document = document_of_everything();
    const json::object& schemas = components(document);
    const json::value& collection =
        schemas.at("root.HyperVCluster.v2.Msvm_VirtualSystemCollection").at("allOf").at(1);
    const json::value& state = collection.at("properties").at("ReplicationState");
    EXPECT_EQ(state.at("type"), (json::array{"integer", "null"}));
    EXPECT_NE(state.at("description").as_string().find("0: "), json::string::npos);
    const json::value& out =
        schemas.at("root.HyperVCluster.v2.Msvm_CollectionManagementService.DefineCollection.out");
    EXPECT_TRUE(out.at("properties").as_object().contains("ReturnValue"));
}

TEST(OpenApi, ShowsNothingToWhoMayNotRead) {
    const server::TestModel model;
    const cim::Principal peer("west", {cim::Role::peer});
    EXPECT_THROW(openapi_document(*model.objects(), peer), cim::CimError);
}

}  // namespace
}  // namespace reviver::rest
