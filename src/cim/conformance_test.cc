// The schema that the program serves against the facts about the interface that the project keeps
// in tests/data.
#include "cim/builtin_schema.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace reviver::cim {
namespace {

namespace json = boost::json;

std::string type_text(const Element& element) {
    const std::string base = element.type == Type::reference ? "ref " + element.ref_class
                                                             : std::string(name_of(element.type));
    return base + (element.array ? "[]" : "");
}

std::string parameter_text(const Parameter& parameter) {
    const char* direction = parameter.in() ? parameter.out() ? "inout" : "in" : "out";
    return std::string(direction) + " " + type_text(parameter) + " " + parameter.name;
}

json::object value_map_of(const Element& element) {
    json::object result;
    const Value* map = element.qualifiers.find("ValueMap");
    const Value* values = element.qualifiers.find("Values");
    if (!map || !values) return result;
    const auto keys = map->as_strings();
    const auto labels = values->as_strings();
    EXPECT_EQ(keys.size(), labels.size()) << element.name;
    for (std::size_t i = 0; i < std::min(keys.size(), labels.size()); ++i)
        result[keys[i]] = labels[i];
    return result;
}

json::object facts_in(const char* file_name) {
    std::ifstream file(std::string(REVIVER_TEST_DATA) + "/" + file_name);
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}

void expect_properties(const Class& declared, const json::object& fact) {
    const json::object& properties = fact.at("properties").as_object();
    EXPECT_EQ(declared.properties.size(), properties.size()) << declared.name;
    for (const auto& [property_name, type] : properties) {
        const Property* property = declared.find_property(std::string(property_name));
        ASSERT_TRUE(property) << declared.name << "." << property_name;
        EXPECT_EQ(type_text(*property), type.as_string()) << declared.name << "." << property_name;
    }
    json::array keys;
    for (const Property* key : declared.keys()) keys.emplace_back(key->name);
    std::sort(keys.begin(), keys.end(), [](const json::value& a, const json::value& b) {
        return a.as_string() < b.as_string();
    });
    EXPECT_EQ(keys, fact.at("keys").as_array()) << declared.name;
}

void expect_value_maps(const Class& declared, const json::object& fact) {
    const json::value* maps = fact.if_contains("values");
    if (!maps) return;
    for (const auto& [property, map] : maps->as_object()) {
        EXPECT_EQ(value_map_of(*declared.find_property(std::string(property))), map.as_object())
            << declared.name << "." << property;
    }
}

void expect_methods(const Class& declared, const json::object& fact) {
    const json::value* methods = fact.if_contains("methods");
    EXPECT_EQ(declared.methods.size(), methods ? methods->as_object().size() : 0) << declared.name;
    if (!methods) return;
    for (const auto& [method_name, method_fact] : methods->as_object()) {
        const Method* method = declared.find_method(std::string(method_name));
        ASSERT_TRUE(method) << declared.name << "." << method_name;
        EXPECT_EQ(name_of(method->type), method_fact.at("type").as_string());
        json::array parameters;
        for (const Parameter& parameter : method->parameters) {
            parameters.emplace_back(parameter_text(parameter));
        }
        EXPECT_EQ(parameters, method_fact.at("parameters").as_array())
            << declared.name << "." << method_name;
    }
}

void expect_return_values(const Class& declared, const json::object& fact) {
    const json::value* methods = fact.if_contains("methods");
    if (!methods) return;
    for (const auto& [method_name, method_fact] : methods->as_object()) {
        const json::value* returns = method_fact.as_object().if_contains("returns");
        if (!returns) continue;
        EXPECT_EQ(value_map_of(*declared.find_method(std::string(method_name))),
                  returns->as_object())
            << declared.name << "." << method_name;
    }
}

class Conformance : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        facts_ = new json::object(facts_in("schema_facts.json"));
        schema_ = load_hyperv_cluster_schema();
    }
    static void TearDownTestSuite() {
        delete facts_;
        schema_.reset();
    }

    static inline json::object* facts_ = nullptr;
    static inline std::shared_ptr<const Schema> schema_;
};

TEST_F(Conformance, ServesEveryClassWithItsSuperclassAndKind) {
    EXPECT_EQ(facts_->size(), 112u);
    for (const auto& [name, fact] : *facts_) {
        const Class* declared = schema_->find(std::string(name));
        ASSERT_TRUE(declared) << name;
        EXPECT_EQ(declared->name, name);
        EXPECT_EQ(declared->superclass, fact.at("superclass").as_string());
        EXPECT_EQ(declared->is_association(), fact.at("kind").as_string() == "association") << name;
        EXPECT_EQ(declared->is_indication(), fact.at("kind").as_string() == "indication") << name;
        EXPECT_EQ(declared->is_abstract(), fact.at("abstract").as_bool()) << name;
    }
}

TEST_F(Conformance, EveryPropertyHasItsTypeAndKeysAreKeys) {
    for (const auto& [name, fact] : *facts_) {
        const Class& declared = schema_->get(std::string(name));
        expect_properties(declared, fact.as_object());
    }
}

TEST_F(Conformance, EveryMethodHasItsParametersInOrder) {
    for (const auto& [name, fact] : *facts_) {
        expect_methods(schema_->get(std::string(name)), fact.as_object());
    }
}

TEST_F(Conformance, ValueMapsAreTheDocumentedOnes) {
    for (const auto& [name, fact] : *facts_) {
        const Class& declared = schema_->get(std::string(name));
        expect_value_maps(declared, fact.as_object());
        expect_return_values(declared, fact.as_object());
    }
}

TEST(VirtualizationConformance, ClassesAboutSingleVmsAreTheDocumentedOnes) {
    const auto schema = load_virtualization_schema();
    for (const auto& [name, fact] : facts_in("virtualization_facts.json")) {
        const Class& declared = schema->get(std::string(name));
        EXPECT_EQ(declared.superclass, fact.at("superclass").as_string());
        EXPECT_EQ(declared.is_association(), fact.at("kind").as_string() == "association") << name;
        expect_properties(declared, fact.as_object());
        expect_value_maps(declared, fact.as_object());
        expect_methods(declared, fact.as_object());
        expect_return_values(declared, fact.as_object());
    }
}

TEST_F(Conformance, StatesOfACollectionAreSeventeenWithALabelEach) {
    const Property& state =
        *schema_->get("Msvm_VirtualSystemCollection").find_property("ReplicationState");
    EXPECT_EQ(state.label(std::uint16_t{11}), "Planned failover initiated");
    EXPECT_EQ(state.label(std::uint16_t{12}), "Repurpose initiated");
    EXPECT_EQ(state.label(std::uint16_t{16}), "Partially recovered");
    EXPECT_EQ(state.label(std::uint16_t{17}), "");
}

}  // namespace
}  // namespace reviver::cim
