#include "cim/embedded_text.h"

#include "base/error.h"
#include "cim/limits.h"
#include "cim/mof_parser.h"
#include "cim/names.h"
#include "cim/object_path.h"
#include "cim/text_encoding.h"
#include "cim/value_text.h"
#include "cim/xml.h"
#include "cim/xml_writer.h"

#include <array>

namespace reviver::cim {

namespace {

[[noreturn]] void unreadable(std::string_view why) {
    fail(Code::invalid_parameter, "the text of the embedded instance cannot be read: {}", why);
}

// What may stand around an INSTANCE.
constexpr std::array<std::string_view, 10> wrappers = {"CIM",
                                                       "DECLARATION",
                                                       "DECLGROUP",
                                                       "DECLGROUP.WITHNAME",
                                                       "DECLGROUP.WITHPATH",
                                                       "VALUE.OBJECT",
                                                       "VALUE.NAMEDOBJECT",
                                                       "VALUE.OBJECTWITHPATH",
                                                       "VALUE.OBJECTWITHLOCALPATH",
                                                       "VALUE.NAMEDINSTANCE"};

bool is_wrapper(const XmlElement& element) {
    for (const std::string_view name : wrappers) {
        if (element.name == name) return true;
    }
    return false;
}

const XmlElement* find_instance(const XmlElement& element) {
    if (element.name == "INSTANCE") return &element;
    if (!is_wrapper(element)) return nullptr;
    for (const XmlElement& child : element.children) {
        if (const XmlElement* found = find_instance(child)) return found;
    }
    return nullptr;
}

std::string required_attribute(const XmlElement& element, std::string_view name) {
    const std::string* value = element.attribute(name);
    if (!value || value->empty()) unreadable(element.name + " has no " + std::string(name));
    return *value;
}

bool holds_instance(const XmlElement& property) {
    for (const char* spelling : {"EmbeddedObject", "EMBEDDEDOBJECT", "EmbeddedInstance"}) {
        if (property.attribute(spelling)) return true;
    }
    return false;
}

Instance read_text(std::string_view text, std::size_t depth);

Value read_scalar(const XmlElement& property, Type type, const std::string& text,
                  std::size_t depth) {
    if (holds_instance(property) && type == Type::string) return read_text(text, depth + 1);
    try {
        return parse_scalar(type, text);
    } catch (const Error& error) {
        unreadable(required_attribute(property, "NAME") + ": " + error.what());
    }
}

Type type_of(const XmlElement& property) {
    const std::string name = required_attribute(property, "TYPE");
    const auto type = type_named(name);
    if (!type || *type == Type::instance) unreadable(name + " is no type");
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

std::vector<std::string> namespace_parts(std::string_view name_space) {
    std::vector<std::string> parts(1);
    for (const char c : name_space) {
        if (c == '/')
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

Value key_value(const XmlElement& holder);

// INSTANCENAME, alone or within INSTANCEPATH or LOCALINSTANCEPATH.
ObjectPath read_path(const XmlElement& reference) {
    std::string name_space;
    const XmlElement* at = &reference;
    for (const char* wrapper : {"INSTANCEPATH", "LOCALINSTANCEPATH"}) {
        if (const XmlElement* inner = reference.child_named(wrapper)) at = inner;
    }
    const XmlElement* spaces = at->child_named("LOCALNAMESPACEPATH");
    if (const XmlElement* full = at->child_named("NAMESPACEPATH")) {
        spaces = full->child_named("LOCALNAMESPACEPATH");
    }
    if (spaces) {
        for (const XmlElement& part : spaces->children) {
            name_space += (name_space.empty() ? "" : "/") + required_attribute(part, "NAME");
        }
    }
    const XmlElement* name = at->child_named("INSTANCENAME");
    if (!name) unreadable("a reference names no instance");
    ObjectPath path(required_attribute(*name, "CLASSNAME"));
    path.set_name_space(name_space);
    for (const XmlElement& binding : name->children) {
        if (binding.name != "KEYBINDING") continue;
        path.set_key(required_attribute(binding, "NAME"), key_value(binding));
    }
    return path;
}

Value key_value(const XmlElement& holder) {
    if (const XmlElement* reference = holder.child_named("VALUE.REFERENCE")) {
        return read_path(*reference);
    }
    const XmlElement* value = holder.child_named("KEYVALUE");
    return value ? Value(value->text) : Value();
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

Instance read_instance_element(const XmlElement& element, std::size_t depth) {
    Instance result(required_attribute(element, "CLASSNAME"));
    for (const XmlElement& child : element.children) {
        if (!child.name.starts_with("PROPERTY")) continue;
        const std::string name = required_attribute(child, "NAME");
        if (result.find(name)) unreadable(name + " is set twice");
        result.set(name, read_property(child, depth));
    }
    return result;
}

Instance read_xml(std::string_view text, std::size_t depth) {
    const XmlElement root = parse_xml(text);
    const XmlElement* element = find_instance(root);
    if (!element) unreadable("there is no INSTANCE in it");
    return read_instance_element(*element, depth);
}

Instance read_text(std::string_view text, std::size_t depth) {
    if (text.size() > limits::embedded_text_bytes_max) unreadable("it is too long");
    if (depth > limits::embedded_depth_max) unreadable("instances are nested too deeply");
    try {
        const std::string utf8 = to_utf8(text, detect_encoding(text));
        const std::string_view content = trim(utf8);
        if (content.empty()) unreadable("it is empty");
        return content.starts_with('<') ? read_xml(content, depth) : read_mof_instance(content);
    } catch (const Error& error) {
        if (error.code() == Code::invalid_parameter) throw;
        unreadable(error.what());
    }
}

void write_reference(XmlWriter& out, const ObjectPath& path) {
    out.open("VALUE.REFERENCE");
    if (!path.name_space().empty()) {
        out.open("LOCALINSTANCEPATH").open("LOCALNAMESPACEPATH");
        for (const std::string& part : namespace_parts(path.name_space())) {
            out.open("NAMESPACE").attribute("NAME", part).close();
        }
        out.close();
    }
    out.open("INSTANCENAME").attribute("CLASSNAME", path.class_name());
    for (const auto& [name, value] : path.keys()) {
        if (value.is_null()) continue;
        out.open("KEYBINDING").attribute("NAME", name);
        if (value.type() == Type::reference) {
            write_reference(out, value.as_reference());
        } else {
            const bool number = is_unsigned(value.type()) || is_signed(value.type());
            const bool flag = value.type() == Type::boolean;
            out.open("KEYVALUE")
                .attribute("VALUETYPE", number ? "numeric"
                                        : flag ? "boolean"
                                               : "string")
                .text(scalar_text(value))
                .close();
        }
        out.close();
    }
    out.close();
    if (!path.name_space().empty()) out.close();
    out.close();
}

std::string text_of(const Value& value) {
    if (value.type() == Type::instance) return write_embedded(value.as_instance());
    if (value.type() == Type::boolean) return value.as_bool() ? "TRUE" : "FALSE";
    return scalar_text(value);
}

void write_array(XmlWriter& out, const Value& value) {
    out.open("VALUE.ARRAY");
    for (const Value& element : value.elements()) {
        if (element.is_null())
            out.open("VALUE.NULL").close();
        else
            out.element("VALUE", text_of(element));
    }
    out.close();
}

void write_property(XmlWriter& out, const NamedValue& property) {
    const Value& value = property.value;
    const bool embedded = value.type() == Type::instance;
    if (!value.is_array() && value.type() == Type::reference) {
        out.open("PROPERTY.REFERENCE").attribute("NAME", property.name);
        write_reference(out, value.as_reference());
        out.close();
        return;
    }
    out.open(value.is_array() ? "PROPERTY.ARRAY" : "PROPERTY")
        .attribute("NAME", property.name)
        .attribute("TYPE", embedded ? "string" : name_of(value.type()));
    if (embedded) out.attribute("EmbeddedObject", "instance");
    if (value.is_array())
        write_array(out, value);
    else
        out.element("VALUE", text_of(value));
    out.close();
}

}  // namespace

Instance read_embedded(std::string_view text) {
    return read_text(text, 0);
}

std::string write_embedded(const Instance& instance) {
    XmlWriter out;
    out.open("INSTANCE").attribute("CLASSNAME", instance.class_name());
    for (const NamedValue& property : instance.properties()) {
        if (!property.value.is_null()) write_property(out, property);
    }
    return out.close().take();
}

}  // namespace reviver::cim
