#include "cim/cim_xml_writer.h"

#include "cim/embedded_text.h"
#include "cim/value_text.h"

namespace reviver::cim::cim_xml {

namespace {

void write_namespace(XmlWriter& out, std::string_view name_space) {
    out.open("LOCALNAMESPACEPATH");
    while (!name_space.empty()) {
        const auto slash = std::min(name_space.find('/'), name_space.size());
        out.open("NAMESPACE").attribute("NAME", name_space.substr(0, slash)).close();
        name_space.remove_prefix(std::min(slash + 1, name_space.size()));
    }
    out.close();
}

std::string_view key_type(const Value& value) {
    if (value.type() == Type::boolean) return "boolean";
    return is_unsigned(value.type()) || is_signed(value.type()) ? "numeric" : "string";
}

void write_key(XmlWriter& out, const std::string& name, const Value& value) {
    out.open("KEYBINDING").attribute("NAME", name);
    if (value.type() == Type::reference) {
        write_reference(out, value.as_reference());
    } else {
        out.open("KEYVALUE").attribute("VALUETYPE", key_type(value));
        out.text(scalar_text(value)).close();
    }
    out.close();
}

std::string text_of(const Value& value) {
    if (value.type() == Type::instance) return write_embedded(value.as_instance());
    if (value.type() == Type::boolean) return value.as_bool() ? "TRUE" : "FALSE";
    return scalar_text(value);
}

void write_array(XmlWriter& out, const Value& array) {
    const bool references = array.type() == Type::reference;
    out.open(references ? "VALUE.REFARRAY" : "VALUE.ARRAY").text("");
    for (const Value& element : array.elements()) {
        if (element.is_null())
            out.open("VALUE.NULL").close();
        else if (references)
            write_reference(out, element.as_reference());
        else
            out.element("VALUE", text_of(element));
    }
    out.close();
}

// A property as it is to be written: by its declaration where there is one, since null has no type.
struct Shape {
    Type type = Type::string;
    bool array = false;
    bool embedded = false;
};

Shape shape_of(const Value& value, const Property* declared) {
    Shape shape{value.type(), value.is_array(), value.type() == Type::instance};
    if (declared && value.is_null()) {
        shape = {declared->type, declared->array, !declared->embedded_class().empty()};
    }
    if (shape.type == Type::instance) shape.type = Type::string;
    return shape;
}

void write_property(XmlWriter& out, const NamedValue& property, const InstanceDetail& detail) {
    const Property* declared =
        detail.declared ? detail.declared->find_property(property.name) : nullptr;
    const Shape shape = shape_of(property.value, declared);
    const bool reference = shape.type == Type::reference && !shape.array;
    out.open(reference ? "PROPERTY.REFERENCE" : shape.array ? "PROPERTY.ARRAY" : "PROPERTY");
    out.attribute("NAME", property.name);
    if (!reference) out.attribute("TYPE", name_of(shape.type));
    if (detail.class_origin && declared) out.attribute("CLASSORIGIN", declared->origin);
    if (shape.embedded) out.attribute("EmbeddedObject", "instance");
    out.text("");  // some readers expect an end tag, whatever stands before it
    write_value(out, property.value);
    out.close();
}

}  // namespace

void write_value(XmlWriter& out, const Value& value) {
    if (value.is_null()) return;
    if (value.is_array())
        write_array(out, value);
    else if (value.type() == Type::reference)
        write_reference(out, value.as_reference());
    else
        out.element("VALUE", text_of(value));
}

void write_instance_name(XmlWriter& out, const ObjectPath& path) {
    out.open("INSTANCENAME").attribute("CLASSNAME", path.class_name());
    for (const auto& [name, value] : path.keys()) {
        if (!value.is_null()) write_key(out, name, value);
    }
    out.close();
}

void write_path(XmlWriter& out, const ObjectPath& path, const std::string& host) {
    out.open("INSTANCEPATH").open("NAMESPACEPATH").element("HOST", host);
    write_namespace(out, path.name_space());
    out.close();
    write_instance_name(out, path);
    out.close();
}

void write_reference(XmlWriter& out, const ObjectPath& path) {
    out.open("VALUE.REFERENCE");
    if (path.name_space().empty()) {
        write_instance_name(out, path);
    } else {
        out.open("LOCALINSTANCEPATH");
        write_namespace(out, path.name_space());
        write_instance_name(out, path);
        out.close();
    }
    out.close();
}

void write_instance(XmlWriter& out, const Instance& instance, const InstanceDetail& detail) {
    out.open("INSTANCE").attribute("CLASSNAME", instance.class_name());
    for (const NamedValue& property : instance.properties()) {
        if (property.value.is_null() && !detail.declared) continue;
        if (!detail.wanted || detail.wanted(property.name)) write_property(out, property, detail);
    }
    out.close();
}

}  // namespace reviver::cim::cim_xml
