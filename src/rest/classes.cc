// What the model is made of: namespaces, classes, properties, methods, and what their values mean.
#include "rest/operations.h"
#include "rest/problem.h"

#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace reviver::rest {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

std::string address(const std::string& name_space, std::string_view rest) {
    return fmt::format("{}/{}/{}", api_root, namespace_segment(name_space), rest);
}

// {"0": "Unknown", ...}, as ValueMap and Values say; Values alone count from 0.
json::object values_of(const cim::Element& element) {
    json::object result;
    const cim::Value* labels = element.qualifiers.find("Values");
    if (!labels || !labels->is_array()) return result;
    const cim::Value* map = element.qualifiers.find("ValueMap");
    const std::vector<std::string> names = labels->as_strings();
    const std::vector<std::string> numbers = map ? map->as_strings() : std::vector<std::string>();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string number = map ? (i < numbers.size() ? numbers[i] : "") : std::to_string(i);
        if (!number.empty()) result[number] = names[i];
    }
    return result;
}

json::object element_json(const cim::Element& element) {
    json::object result{
        {"name", element.name}, {"type", cim::name_of(element.type)}, {"array", element.array}};
    if (!element.ref_class.empty()) result["references"] = element.ref_class;
    if (!element.embedded_class().empty()) result["embedded"] = element.embedded_class();
    if (const json::object values = values_of(element); !values.empty()) result["values"] = values;
    return result;
}

json::object method_json(const cim::Method& method) {
    json::object result{
        {"name", method.name}, {"origin", method.origin}, {"type", cim::name_of(method.type)}};
    if (const json::object values = values_of(method); !values.empty()) result["values"] = values;
    json::array parameters;
    for (const cim::Parameter& parameter : method.parameters) {
        json::object one = element_json(parameter);
        one["in"] = parameter.in();
        one["out"] = parameter.out();
        parameters.push_back(std::move(one));
    }
    result["parameters"] = std::move(parameters);
    return result;
}

json::object outline(const std::string& name_space, const cim::Class& one) {
    return {{"name", one.name},
            {"superclass", text_or_null(one.superclass)},
            {"abstract", one.is_abstract()},
            {"association", one.is_association()},
            {"@href", address(name_space, "classes/" + one.name)},
            {"instances", address(name_space, "instances/" + one.name)}};
}

}  // namespace

server::HttpReply list_namespaces(const Operation& operation) {
    json::array result;
    for (const std::string& name : operation.objects.namespaces()) {
        result.push_back(
            {{"name", name}, {"@href", fmt::format("{}/{}", api_root, namespace_segment(name))}});
    }
    return json_reply(200, {{"namespaces", result},
                            {"events", fmt::format("{}/events", api_root)},
                            {"openapi", fmt::format("{}/openapi.json", api_root)}});
}

server::HttpReply show_namespace(const Operation& operation) {
    const std::string& name = operation.objects.schema(operation.name_space()).name_space();
    return json_reply(200, {{"name", name},
                            {"classes", address(name, "classes")},
                            {"jobs", address(name, "jobs")},
                            {"query", address(name, "query")}});
}

server::HttpReply list_classes(const Operation& operation) {
    const std::string& name_space = operation.objects.schema(operation.name_space()).name_space();
    json::array result;
    for (const cim::Class* one : operation.objects.classes(operation.who, name_space)) {
        result.push_back(outline(name_space, *one));
    }
    return json_reply(200, {{"classes", std::move(result)}});
}

server::HttpReply show_class(const Operation& operation) {
    const std::string& name_space = operation.objects.schema(operation.name_space()).name_space();
    const cim::Class& found =
        operation.objects.get_class(operation.who, name_space, operation.class_name());
    json::object result = outline(name_space, found);
    json::array properties;
    for (const cim::Property& property : found.properties) {
        json::object one = element_json(property);
        one["key"] = property.is_key();
        one["origin"] = property.origin;
        properties.push_back(std::move(one));
    }
    json::array methods;
    for (const cim::Method& method : found.methods) methods.push_back(method_json(method));
    result["properties"] = std::move(properties);
    result["methods"] = std::move(methods);
    return json_reply(200, result);
}

}  // namespace reviver::rest
