#include "cim/cim_xml_reader.h"

#include "base/error.h"
#include "cim/embedded_text.h"
#include "cim/limits.h"
#include "cim/value_text.h"

#include <algorithm>
#include <array>

namespace reviver::cim::cim_xml {

namespace {

constexpr std::array<std::string_view, 8> paths = {
    "INSTANCENAME", "INSTANCEPATH",   "LOCALINSTANCEPATH", "CLASSNAME",
    "CLASSPATH",    "LOCALCLASSPATH", "OBJECTPATH",        "VALUE.REFERENCE"};

bool is_path(const XmlElement& element) {
    return std::find(paths.begin(), paths.end(), element.name) != paths.end();
}

bool holds_instance(const XmlElement& property) {
    for (const char* spelling : {"EmbeddedObject", "EMBEDDEDOBJECT", "EmbeddedInstance"}) {
        if (property.attribute(spelling)) return true;
    }
    return false;
}

Value read_scalar(const XmlElement& property, Type type, const std::string& text,
                  std::size_t depth) {
    if (holds_instance(property) && type == Type::string) return read_embedded(text, depth + 1);
    try {
        return parse_scalar(type, text);
    } catch (const Error& error) {
        fail(Code::protocol, "{}: {}", required_attribute(property, "NAME"), error.what());
    }
}

Type type_of(const XmlElement& property) {
    const std::string& name = required_attribute(property, "TYPE");
    const auto type = type_named(name);
    if (!type || *type == Type::instance) fail(Code::protocol, "{} is no type", name);
    return *type;
}

Value read_array(const XmlElement& property, std::size_t depth) {
    const XmlElement* array = property.child_named("VALUE.ARRAY");
    if (!array) return {};
    const Type type = type_of(property);
    std::vector<Value> elements;
    for (const XmlElement& child : array->children) {
        if (child.name == "VALUE")
            elements.push_back(read_scalar(property, type, child.text, depth));
        else
            elements.emplace_back();
    }
    const bool embedded = holds_instance(property) && type == Type::string;
    return Value::array(embedded ? Type::instance : type, std::move(elements));
}

Value read_property(const XmlElement& property, std::size_t depth) {
    if (property.name == "PROPERTY.ARRAY") return read_array(property, depth);
    if (property.name == "PROPERTY.REFERENCE") {
        const XmlElement* reference = property.child_named("VALUE.REFERENCE");
        return reference ? Value(read_path(*reference)) : Value();
    }
    const XmlElement* value = property.child_named("VALUE");
    return value ? read_scalar(property, type_of(property), value->text, depth) : Value();
}

void read_key(ObjectPath& path, const std::string& name, const XmlElement& value,
              std::size_t depth) {
    if (path.keys().contains(name)) {
        fail(Code::protocol, "the key {} of {} comes twice", name, path.class_name());
    }
    if (value.name == "VALUE.REFERENCE") {
        path.set_key(name, read_path(value, depth + 1));
    } else if (value.name == "KEYVALUE") {
        path.set_key(name, value.text);
    } else {
        fail(Code::protocol, "{} is no value of a key", value.name);
    }
}

ObjectPath read_instance_name(const XmlElement& element, std::size_t depth) {
    ObjectPath path(required_attribute(element, "CLASSNAME"));
    if (element.children.size() > limits::object_path_keys_max) {
        fail(Code::protocol, "the name of an instance of {} has too many keys", path.class_name());
    }
    for (const XmlElement& child : element.children) {
        if (child.name != "KEYBINDING") {
            read_key(path, "", child, depth);
        } else if (child.children.size() != 1) {
            fail(Code::protocol, "a key of {} has no value", path.class_name());
        } else {
            read_key(path, required_attribute(child, "NAME"), child.children[0], depth);
        }
    }
    return path;
}

const XmlElement* namespace_of(const XmlElement& path) {
    const XmlElement* full = path.child_named("NAMESPACEPATH");
    return (full ? *full : path).child_named("LOCALNAMESPACEPATH");
}

Value array_of(const XmlElement& array) {
    const bool references = array.name == "VALUE.REFARRAY";
    std::vector<Value> elements;
    for (const XmlElement& child : array.children) {
        if (child.name == "VALUE.NULL")
            elements.emplace_back();
        else if (references)
            elements.emplace_back(read_path(child));
        else
            elements.emplace_back(child.text);
    }
    return Value::array(references ? Type::reference : Type::string, std::move(elements));
}

}  // namespace

const std::string& required_attribute(const XmlElement& element, std::string_view name) {
    const std::string* value = element.attribute(name);
    if (!value || value->empty()) fail(Code::protocol, "{} has no {}", element.name, name);
    return *value;
}

std::string read_namespace(const XmlElement& local_namespace_path) {
    std::string result;
    for (const XmlElement& part : local_namespace_path.children) {
        result += (result.empty() ? "" : "/") + required_attribute(part, "NAME");
    }
    return result;
}

ObjectPath read_path(const XmlElement& element, std::size_t depth) {
    if (depth > limits::reference_depth_max) {
        fail(Code::protocol, "references are nested too deeply");
    }
    if (element.name == "CLASSNAME") return ObjectPath(required_attribute(element, "NAME"));
    if (element.name == "INSTANCENAME") return read_instance_name(element, depth);
    for (const XmlElement& child : element.children) {
        if (!is_path(element) || !is_path(child)) continue;
        ObjectPath path = read_path(child, depth);
        if (const XmlElement* name_space = namespace_of(element)) {
            path.set_name_space(read_namespace(*name_space));
        }
        return path;
    }
    fail(Code::protocol, "{} names no instance and no class", element.name);
}

Instance read_instance(const XmlElement& instance, std::size_t depth) {
    Instance result(required_attribute(instance, "CLASSNAME"));
    for (const XmlElement& child : instance.children) {
        if (!child.name.starts_with("PROPERTY")) continue;
        const std::string& name = required_attribute(child, "NAME");
        if (result.find(name)) fail(Code::protocol, "{} is set twice", name);
        result.set(name, read_property(child, depth));
    }
    return result;
}

Value read_parameter(const XmlElement& parameter) {
    if (parameter.children.empty()) return {};
    if (parameter.children.size() > 1) {
        fail(Code::protocol, "{} holds several values", required_attribute(parameter, "NAME"));
    }
    const XmlElement& value = parameter.children[0];
    if (value.name == "VALUE") return value.text;
    if (value.name == "VALUE.ARRAY" || value.name == "VALUE.REFARRAY") return array_of(value);
    if (value.name == "INSTANCE") return read_instance(value);
    if (value.name == "VALUE.NAMEDINSTANCE") {
        if (const XmlElement* instance = value.child_named("INSTANCE")) {
            return read_instance(*instance);
        }
    }
    return read_path(value);
}

}  // namespace reviver::cim::cim_xml
