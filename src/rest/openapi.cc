#include "rest/openapi.h"

#include "rest/operations.h"
#include "rest/problem.h"
#include "rest/uri.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::rest {

namespace json = boost::json;
using cim::Type;

namespace {

json::object ref_to(const std::string& component) {
    return {{"$ref", "#/components/schemas/" + component}};
}

json::object or_null(json::object schema) {
    const auto type = schema.find("type");
    if (type == schema.end()) {
        return {{"anyOf", json::array{std::move(schema), {{"type", "null"}}}}};
    }
    type->value() = json::array{type->value(), "null"};
    return schema;
}

json::object number(std::int64_t least, std::int64_t most) {
    return {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
}

// rest/json_values.h in the words of JSON Schema.
json::object scalar_schema(Type type) {
    switch (type) {
        case Type::boolean:
            return {{"type", "boolean"}};
        case Type::uint8:
            return number(0, 0xff);
        case Type::uint16:
        case Type::char16:
            return number(0, 0xffff);
        case Type::uint32:
            return number(0, 0xffffffff);
        case Type::sint8:
            return number(-0x80, 0x7f);
        case Type::sint16:
            return number(-0x8000, 0x7fff);
        case Type::sint32:
            return number(-0x80000000LL, 0x7fffffff);
        case Type::uint64:
            return {{"type", "string"}, {"pattern", "^[0-9]+$"}};
        case Type::sint64:
            return {{"type", "string"}, {"pattern", "^-?[0-9]+$"}};
        case Type::real32:
        case Type::real64:
            return {{"anyOf", json::array{{{"type", "number"}},
                                          {{"enum", json::array{"NaN", "INF", "-INF"}}}}}};
        case Type::datetime:
            return {{"type", "string"}, {"description", "ISO 8601, a time or a duration"}};
        case Type::string:
            return {{"type", "string"}};
        case Type::reference:
            return ref_to("Reference");
        case Type::instance:
            return ref_to("Instance");
    }
    return {};
}

// What a client may send besides: the generous forms.
json::object argument_schema(Type type) {
    const json::object exact = scalar_schema(type);
    if (type == Type::string || type == Type::datetime) return exact;
    if (type == Type::reference || type == Type::instance) {
        return {{"anyOf", json::array{exact, {{"type", "string"}}}}};
    }
    if (type == Type::uint64 || type == Type::sint64) {
        return {{"anyOf", json::array{exact, {{"type", "integer"}}}}};
    }
    return {{"anyOf", json::array{exact, {{"type", "string"}}}}};
}

std::string values_text(const cim::Element& element) {
    const cim::Value* labels = element.qualifiers.find("Values");
    const cim::Value* map = element.qualifiers.find("ValueMap");
    if (!labels) return {};
    const std::vector<std::string> names = labels->as_strings();
    const std::vector<std::string> numbers = map ? map->as_strings() : std::vector<std::string>();
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string value = !map                 ? std::to_string(i)
                                  : i < numbers.size() ? numbers[i]
                                                       : std::string();
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", value, names[i]);
    }
    return text;
}

std::string describe(const cim::Element& element) {
    std::string text(cim::name_of(element.type));
    if (!element.ref_class.empty()) text += " to " + element.ref_class;
    if (!element.embedded_class().empty()) text = "embedded " + element.embedded_class();
    const std::string values = values_text(element);
    return values.empty() ? text : text + ". " + values;
}

json::object element_schema(const cim::Element& element, bool is_argument) {
    const Type type = element.embedded_class().empty() ? element.type : Type::instance;
    json::object scalar = or_null(is_argument ? argument_schema(type) : scalar_schema(type));
    json::object result = element.array ? or_null({{"type", "array"}, {"items", std::move(scalar)}})
                                        : std::move(scalar);
    result["description"] = describe(element);
    return result;
}

// --- components

json::object class_schema(std::string_view name_space, const cim::Class& one) {
    json::object properties;
    for (const cim::Property& property : one.own_properties) {
        properties[property.name] = element_schema(property, false);
    }
    json::object own{{"type", "object"}, {"properties", std::move(properties)}};
    json::array all;
    all.push_back(ref_to(one.superclass.empty() ? std::string("Instance")
                                                : component_name(name_space, one.superclass)));
    all.push_back(std::move(own));
    return {{"allOf", std::move(all)}};
}

json::object in_schema(const cim::Method& method) {
    json::object properties;
    for (const cim::Parameter& parameter : method.parameters) {
        if (parameter.in()) properties[parameter.name] = element_schema(parameter, true);
    }
    return {{"type", "object"}, {"properties", std::move(properties)}};
}

json::object out_schema(const cim::Method& method) {
    json::object result = scalar_schema(Type::uint32);
    result["description"] = describe(method);
    json::object properties{{"ReturnValue", std::move(result)}, {"@label", {{"type", "string"}}}};
    json::array required{"ReturnValue"};
    for (const cim::Parameter& parameter : method.parameters) {
        if (!parameter.out()) continue;
        properties[parameter.name] = element_schema(parameter, false);
        required.push_back(json::string(parameter.name));
    }
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"additionalProperties", false}};
}

json::object object_schema(json::object properties, json::array required) {
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)}};
}

json::object common_components() {
    const json::object text{{"type", "string"}};
    const json::object list{{"type", "array"}, {"items", ref_to("Instance")}};
    return {
        {"Instance", object_schema({{"@class", text}, {"@href", text}}, {"@class"})},
        {"Reference", object_schema({{"@class", text}, {"@href", text}}, {"@class", "@href"})},
        {"Instances", object_schema({{"instances", list}, {"next", text}}, {"instances"})},
        {"Problem", object_schema({{"type", text},
                                   {"title", text},
                                   {"status", {{"type", "integer"}}},
                                   {"detail", text},
                                   {"cimStatus", {{"type", "integer"}}},
                                   {"cimStatusName", text}},
                                  {"type", "title", "status", "detail"})},
    };
}

// --- paths

json::object content(const std::string& media_type, json::object schema) {
    return {{media_type, {{"schema", std::move(schema)}}}};
}

json::object reply(std::string_view description, json::object schema) {
    return {{"description", description},
            {"content", content("application/json", std::move(schema))}};
}

json::object problem_response() {
    return {{"description", "what went wrong"},
            {"content", content("application/problem+json", ref_to("Problem"))}};
}

json::object parameter(std::string_view name, std::string_view where, std::string_view text) {
    return {{"name", name},
            {"in", where},
            {"required", where == "path"},
            {"description", text},
            {"schema", {{"type", "string"}}}};
}

json::object get(std::string_view summary, json::object schema, json::array parameters = {}) {
    return {{"get",
             {{"summary", summary},
              {"parameters", std::move(parameters)},
              {"responses",
               {{"200", reply("found", std::move(schema))}, {"default", problem_response()}}}}}};
}

json::object keys_parameter() {
    return parameter("keys", "path", "the only key, Key=value,Key=value, or @");
}

json::object limit_parameter() {
    return parameter("limit", "query", "instances a page");
}

json::object list_of(const std::string& component) {
    return {{"allOf",
             json::array{ref_to("Instances"),
                         {{"properties",
                           {{"instances", {{"type", "array"}, {"items", ref_to(component)}}}}}}}}};
}

json::object method_path(const cim::Schema& schema, const cim::Method& method) {
    const std::string name = component_name(schema.name_space(), method.origin + "." + method.name);
    const json::object result = ref_to(name + ".out");
    return {{"post",
             {{"summary", method.origin + "." + method.name},
              {"parameters", json::array{keys_parameter()}},
              {"requestBody", {{"content", content("application/json", ref_to(name + ".in"))}}},
              {"responses",
               {{"200", reply("called; ReturnValue says how it ended", result)},
                {"202", reply("a job goes on with it; Location names it", result)},
                {"default", problem_response()}}}}}};
}

void add_class(json::object& paths, json::object& components, const cim::Schema& schema,
               const cim::Class& one) {
    const std::string& name_space = schema.name_space();
    const std::string component = component_name(name_space, one.name);
    components[component] = class_schema(name_space, one);
    for (const cim::Method& method : one.own_methods) {
        components[component + "." + method.name + ".in"] = in_schema(method);
        components[component + "." + method.name + ".out"] = out_schema(method);
    }
    const std::string all =
        fmt::format("{}/{}/instances/{}", api_root, namespace_segment(name_space), one.name);
    paths[all] = get("instances of " + one.name, list_of(component),
                     {parameter("filter", "query", "the condition of a SELECT in WQL"),
                      parameter("properties", "query", "names, by commas"), limit_parameter()});
    paths[all + "/{keys}"] = get("one " + one.name, ref_to(component), {keys_parameter()});
    if (one.is_abstract()) return;
    for (const cim::Method& method : one.methods) {
        paths[all + "/{keys}/methods/" + method.name] = method_path(schema, method);
    }
}

void add_common_paths(json::object& paths) {
    const std::string root(api_root);
    const json::object anything{{"type", "object"}};
    const json::object space = parameter("namespace", "path", "with a colon for each slash");
    const json::object one = parameter("class", "path", "a class");
    const json::array neighbours{space,
                                 one,
                                 keys_parameter(),
                                 parameter("association", "query", "the class between"),
                                 parameter("role", "query", "of the instance in it"),
                                 limit_parameter()};
    paths[root + "/"] = get("namespaces", anything);
    paths[root + "/{namespace}"] = get("what there is in it", anything, {space});
    paths[root + "/{namespace}/classes"] = get("classes", anything, {space});
    paths[root + "/{namespace}/classes/{class}"] = get("a class", anything, {space, one});
    json::array associators = neighbours;
    associators.push_back(parameter("class", "query", "of the results"));
    associators.push_back(parameter("resultRole", "query", "of the results"));
    const std::string instance = root + "/{namespace}/instances/{class}/{keys}/";
    paths[instance + "associators"] =
        get("what it is associated with", ref_to("Instances"), std::move(associators));
    paths[instance + "references"] =
        get("the associations that name it", ref_to("Instances"), neighbours);
    paths[root + "/{namespace}/query"] =
        get("a query in WQL", ref_to("Instances"),
            {space, parameter("q", "query", "SELECT, ASSOCIATORS OF, REFERENCES OF"),
             limit_parameter()});
    paths[root + "/{namespace}/jobs"] =
        get("jobs", ref_to("Instances"), {space, limit_parameter()});
    paths[root + "/{namespace}/pages/{page}"] =
        get("what comes next, once", ref_to("Instances"),
            {space, parameter("page", "path", "as next says"), limit_parameter()});
    paths[root + "/events"] = {
        {"get",
         {{"summary", "what happens, as it happens"},
          {"parameters", json::array{parameter("class", "query", "of these alone"),
                                     parameter("namespace", "query", "of this alone"),
                                     parameter("last", "query", "as Last-Event-ID")}},
          {"responses",
           {{"200",
             {{"description", "server-sent events: ready, reset, created, modified, deleted"},
              {"content", content("text/event-stream", {{"type", "string"}})}}},
            {"default", problem_response()}}}}}};
}

}  // namespace

std::string component_name(std::string_view name_space, std::string_view name) {
    std::string result(name_space);
    std::replace(result.begin(), result.end(), '/', '.');
    return result + "." + std::string(name);
}

json::object openapi_document(const cim::ObjectManager& objects, const cim::Principal& who) {
    json::object paths;
    json::object components = common_components();
    add_common_paths(paths);
    for (const std::string& name_space : objects.namespaces()) {
        for (const cim::Class* one : objects.classes(who, name_space)) {
            add_class(paths, components, objects.schema(name_space), *one);
        }
    }
    return {{"openapi", "3.1.0"},
            {"info",
             {{"title", "Reviver"},
              {"version", "1"},
              {"description", "The CIM classes of a site. docs/clients.md tells how to ask."}}},
            {"security", json::array{{{"basic", json::array()}}}},
            {"paths", std::move(paths)},
            {"components",
             {{"schemas", std::move(components)},
              {"securitySchemes", {{"basic", {{"type", "http"}, {"scheme", "basic"}}}}}}}};
}

server::HttpReply show_openapi(const Operation& operation) {
    return json_reply(200, openapi_document(operation.objects, operation.who));
}

}  // namespace reviver::rest
