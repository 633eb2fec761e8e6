#include "rest/json_values.h"

#include "cim/cim_error.h"
#include "cim/embedded_text.h"
#include "cim/limits.h"
#include "cim/value_text.h"
#include "rest/uri.h"

#include <fmt/format.h>

#include <cmath>

namespace reviver::rest {

namespace json = boost::json;
using cim::CimError;
using cim::Status;
using cim::Type;
using cim::Value;

namespace {

// --- writing

json::value real_json(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "INF" : "-INF";
    return number;
}

json::value embedded_text_json(const cim::Schema& schema, const std::string& text) {
    try {
        return instance_json(schema, cim::read_embedded(text));
    } catch (const Error&) {
        return json::string(text);  // whatever it is, the client may know
    }
}

json::value scalar_json(const cim::Schema& schema, const Value& value,
                        const cim::Element* declared) {
    if (value.is_null()) return nullptr;
    switch (value.type()) {
        case Type::boolean:
            return value.as_bool();
        case Type::uint64:
            return json::string(std::to_string(value.as_unsigned()));
        case Type::sint64:
            return json::string(std::to_string(value.as_signed()));
        case Type::uint8:
        case Type::uint16:
        case Type::uint32:
        case Type::char16:
            return value.as_unsigned();
        case Type::sint8:
        case Type::sint16:
        case Type::sint32:
            return value.as_signed();
        case Type::real32:
        case Type::real64:
            return real_json(value.as_real());
        case Type::datetime:
            return json::string(value.as_datetime().iso_text());
        case Type::reference:
            return reference_json(schema, value.as_reference());
        case Type::instance:
            return instance_json(schema, value.as_instance());
        case Type::string:
            if (declared && !declared->embedded_class().empty()) {
                return embedded_text_json(schema, value.as_string());
            }
            return json::string(value.as_string());
    }
    return nullptr;
}

// --- reading

[[noreturn]] void mismatch(const cim::Element& declared, std::string_view why) {
    throw CimError(Status::type_mismatch, fmt::format("{}: {}", declared.name, why));
}

std::string text_of(const cim::Element& declared, const json::value& json, const char* name) {
    const json::value* found = json.as_object().if_contains(name);
    if (!found) return {};
    if (!found->is_string()) mismatch(declared, fmt::format("{} must be a string", name));
    return std::string(found->as_string());
}

// Without an address its class and keys say which one it is.
cim::ObjectPath reference_of(const cim::Schema& schema, const cim::Element& declared,
                             const json::value& json) {
    const std::string href = text_of(declared, json, "@href");
    if (!href.empty()) return path_of_href(href);
    std::string class_name = text_of(declared, json, "@class");
    if (class_name.empty()) class_name = declared.ref_class;
    const cim::Class* its_class = schema.find(class_name);
    if (!its_class) mismatch(declared, fmt::format("there is no class {}", class_name));
    cim::ObjectPath path(its_class->name);
    for (const auto& [name, key] : json.as_object()) {
        if (name.starts_with('@')) continue;
        const cim::Property* property = its_class->find_property(name);
        if (!property) mismatch(declared, fmt::format("{} has no key {}", class_name, name));
        path.set_key(name, value_of(schema, *property, key));
    }
    if (path.keys().empty()) mismatch(declared, "a reference needs @href, or the keys");
    return path;
}

cim::Instance embedded_of(const cim::Schema& schema, const cim::Element& declared,
                          const json::value& json) {
    std::string class_name = text_of(declared, json, "@class");
    if (class_name.empty()) class_name = declared.embedded_class();
    const cim::Class* its_class = schema.find(class_name);
    if (!its_class) mismatch(declared, fmt::format("there is no class {}", class_name));
    cim::Instance instance(its_class->name);
    for (const auto& [name, value] : json.as_object()) {
        if (name.starts_with('@')) continue;
        const cim::Property* property = its_class->find_property(name);
        if (!property) {
            throw CimError(
                Status::no_such_property,
                fmt::format("{} has no property {}", its_class->name, std::string_view(name)));
        }
        if (instance.find(name)) mismatch(declared, fmt::format("{} comes twice", property->name));
        instance.set(property->name, value_of(schema, *property, value));
    }
    return instance;
}

Value object_of(const cim::Schema& schema, const cim::Element& declared, const json::value& json) {
    if (declared.type == Type::reference) return reference_of(schema, declared, json);
    if (!declared.embedded_class().empty()) return embedded_of(schema, declared, json);
    mismatch(declared, fmt::format("expected {}, not an object", cim::name_of(declared.type)));
}

Value string_of(const cim::Element& declared, std::string_view text) {
    if (declared.type == Type::reference && is_href(text)) return path_of_href(text);
    return text;
}

Value scalar_of(const cim::Schema& schema, const cim::Element& declared, const json::value& json) {
    switch (json.kind()) {
        case json::kind::null:
            return {};
        case json::kind::bool_:
            return json.get_bool();
        case json::kind::int64:
            return json.get_int64();
        case json::kind::uint64:
            return json.get_uint64();
        case json::kind::double_:
            return json.get_double();
        case json::kind::string:
            return string_of(declared, json.get_string());
        case json::kind::object:
            return object_of(schema, declared, json);
        case json::kind::array:
            break;
    }
    mismatch(declared, "an array within an array is no value");
}

// Elements of different kinds, such as 1 and "2", meet as text.
Value array_of(const cim::Schema& schema, const cim::Element& declared, const json::array& array) {
    if (array.size() > cim::limits::array_elements_max) mismatch(declared, "the array is too long");
    std::vector<Value> elements;
    Type type = Type::string;
    for (const json::value& one : array) {
        Value element = scalar_of(schema, declared, one);
        const bool composed = element.type() == Type::reference || element.type() == Type::instance;
        if (!element.is_null() && composed) type = element.type();
        if (!element.is_null() && !composed) element = cim::scalar_text(element);
        elements.push_back(std::move(element));
    }
    for (const Value& element : elements) {
        if (!element.is_null() && element.type() != type) {
            mismatch(declared, "the array mixes objects with other values");
        }
    }
    return Value::array(type, std::move(elements));
}

}  // namespace

json::object reference_json(const cim::Schema& schema, const cim::ObjectPath& path) {
    json::object result;
    result["@class"] = path.class_name();
    result["@href"] = href_of(path, schema.name_space());
    for (const auto& [name, value] : path.keys()) result[name] = value_json(schema, value);
    return result;
}

json::object instance_json(const cim::Schema& schema, const cim::Instance& instance,
                           const cim::ObjectPath* path) {
    const cim::Class* its_class = schema.find(instance.class_name());
    json::object result;
    result.reserve(instance.properties().size() + 2);
    result["@class"] = instance.class_name();
    if (path) result["@href"] = href_of(*path, schema.name_space());
    for (const cim::NamedValue& property : instance.properties()) {
        const cim::Element* declared =
            its_class ? its_class->find_property(property.name) : nullptr;
        result[property.name] = value_json(schema, property.value, declared);
    }
    return result;
}

json::value value_json(const cim::Schema& schema, const Value& value,
                       const cim::Element* declared) {
    if (!value.is_array()) return scalar_json(schema, value, declared);
    json::array result;
    result.reserve(value.elements().size());
    for (const Value& element : value.elements()) {
        result.push_back(scalar_json(schema, element, declared));
    }
    return result;
}

Value value_of(const cim::Schema& schema, const cim::Element& declared, const json::value& json) {
    if (json.is_array()) return array_of(schema, declared, json.get_array());
    return scalar_of(schema, declared, json);
}

}  // namespace reviver::rest
