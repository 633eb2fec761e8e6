#include "cim/ws_values.h"

#include "base/error.h"
#include "cim/embedded_text.h"
#include "cim/limits.h"
#include "cim/value_text.h"
#include "cim/ws_names.h"

#include <array>

namespace reviver::cim::ws {

namespace {

// DSP0230 table 3, by Type.
constexpr std::array<std::string_view, 15> wire_types = {
    "cimBoolean", "cimUnsignedByte", "cimUnsignedShort", "cimUnsignedInt", "cimUnsignedLong",
    "cimByte",    "cimShort",        "cimInt",           "cimLong",        "cimFloat",
    "cimDouble",  "cimChar16",       "cimString",        "cimDateTime",    "cimReference"};

std::string_view wire_type(Type type) {
    return type == Type::instance ? "cimString" : wire_types[static_cast<std::size_t>(type)];
}

void write_datetime(XmlWriter& out, const DateTime& time, const ValueStyle& style) {
    if (style.bare_datetime) {
        out.text(time.iso_text());
    } else {
        out.element(time.is_interval() ? "cim:Interval" : "cim:Datetime", time.iso_text());
    }
}

// A datetime with wildcards has no form that clients can read.
bool writable(const Value& value) {
    return !value.is_null() &&
           !(value.type() == Type::datetime && value.as_datetime().has_wildcards());
}

void write_scalar(XmlWriter& out, std::string_view name, const Value& value,
                  const ValueStyle& style) {
    out.open(name);
    if (!writable(value)) {
        out.attribute("xsi:nil", "true").close();
        return;
    }
    if (style.property_types) {
        out.attribute("xsi:type", "cim:" + std::string(wire_type(value.type())));
    }
    if (value.type() == Type::datetime)
        write_datetime(out, value.as_datetime(), style);
    else if (value.type() == Type::reference)
        write_reference(out, value.as_reference(), style.form);
    else if (value.type() == Type::instance)
        out.text(write_embedded(value.as_instance()));
    else
        out.text(scalar_text(value));
    out.close();
}

void write_null_array(XmlWriter& out, std::string_view name) {
    out.open(name)
        .attribute("xsi:nil", "true")
        .attribute("xmlns:ms", microsoft)
        .attribute("ms:IsNullArray", "true")
        .close();
}

std::string_view local_part(std::string_view qualified) {
    const auto colon = qualified.rfind(':');
    return colon == std::string_view::npos ? qualified : qualified.substr(colon + 1);
}

// xsi:type; one client binds the prefix to the namespace of XML Schema itself.
std::string_view declared_type(const XmlElement& element) {
    const std::string* type = element.attribute("type", schema_instance);
    if (!type) type = element.attribute("type", "http://www.w3.org/2001/XMLSchema");
    return type ? local_part(trim(*type)) : std::string_view();
}

// The element in which a datetime is wrapped. Only CIM_DateTime comes without a namespace; the
// other names are names that a property of an instance may have too.
const XmlElement* datetime_child(const XmlElement& element) {
    for (const char* name : {"Datetime", "Interval", "Date"}) {
        if (const XmlElement* found = element.child(common, name)) return found;
    }
    return element.child_named("CIM_DateTime");
}

Value read_text(const XmlElement& element) {
    const std::string_view declared = declared_type(element);
    for (std::size_t i = 0; i < wire_types.size(); ++i) {
        if (declared != wire_types[i] || static_cast<Type>(i) == Type::reference) continue;
        try {
            return parse_scalar(static_cast<Type>(i), element.text);
        } catch (const Error& error) {
            fail(Code::wrong_type, "{}: {}", element.name, error.what());
        }
    }
    return element.text;
}

Value read_datetime(const XmlElement& element) {
    try {
        return parse_scalar(Type::datetime, element.text);
    } catch (const Error& error) {
        fail(Code::wrong_type, "{}", error.what());
    }
}

Value read_value(const XmlElement& element, std::string_view default_namespace) {
    if (is_nil(element)) return {};
    if (element.children.empty()) return read_text(element);
    if (looks_like_reference(element)) return read_reference(element, default_namespace);
    const XmlElement* time = element.children.size() == 1 ? datetime_child(element) : nullptr;
    if (time) return read_datetime(*time);
    return read_instance(element, default_namespace);
}

// Elements of one name are one array.
Value joined(const std::string& name, std::vector<Value> values) {
    if (values.size() == 1) return std::move(values[0]);
    if (values.size() > limits::array_elements_max) {
        fail(Code::out_of_memory, "{} has too many elements", name);
    }
    std::optional<Type> type;
    for (const Value& value : values) {
        if (value.is_null()) continue;
        if (type && *type != value.type()) {
            fail(Code::wrong_type, "the elements of {} have several types", name);
        }
        type = value.type();
    }
    return Value::array(type.value_or(Type::string), std::move(values));
}

std::string class_of(const XmlElement& element) {
    std::string_view declared = declared_type(element);
    if (declared.ends_with("_Type")) {
        declared.remove_suffix(5);
        return std::string(declared);
    }
    for (const XmlElement& child : element.children) {
        try {
            return parse_resource_uri(child.name_space).class_name;
        } catch (const Error&) {
            break;
        }
    }
    return element.name;
}

bool is_array_property(const ValueStyle& style, const Instance& instance, std::string_view name) {
    const Class* its_class = style.schema ? style.schema->find(instance.class_name()) : nullptr;
    const Property* declared = its_class ? its_class->find_property(name) : nullptr;
    return declared && declared->array;
}

}  // namespace

bool is_nil(const XmlElement& element) {
    for (const XmlAttribute& attribute : element.attributes) {
        const bool value = same_name(trim(attribute.value), "true") || trim(attribute.value) == "1";
        if (attribute.name == "nil" && !attribute.name_space.empty() && value) return true;
    }
    return false;
}

void write_value(XmlWriter& out, std::string_view name, const Value& value,
                 const ValueStyle& style) {
    if (!value.is_array()) return write_scalar(out, name, value, style);
    for (const Value& element : value.elements()) write_scalar(out, name, element, style);
}

void write_properties(XmlWriter& out, const Instance& instance, const ValueStyle& style) {
    for (const NamedValue& property : instance.properties()) {
        const std::string qualified = "p:" + property.name;
        const bool null_array = style.precise_arrays && property.value.is_null() &&
                                is_array_property(style, instance, property.name);
        if (null_array)
            write_null_array(out, qualified);
        else
            write_value(out, qualified, property.value, style);
    }
}

void write_instance(XmlWriter& out, const Instance& instance, const ValueStyle& style) {
    const std::string& name = instance.class_name();
    out.open("p:" + name)
        .attribute("xmlns:p", resource_uri(style.form, style.name_space, name))
        .attribute("xmlns:xsi", schema_instance)
        .attribute("xmlns:cim", common)
        .attribute("xsi:type", "p:" + name + "_Type");
    write_properties(out, instance, style);
    out.close();
}

std::vector<NamedValue> read_values(const XmlElement& parent, std::string_view default_namespace) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<Value>> by_name;
    for (const XmlElement& child : parent.children) {
        std::vector<Value>& values = by_name[child.name];
        if (values.empty()) order.push_back(child.name);
        values.push_back(read_value(child, default_namespace));
    }
    std::vector<NamedValue> result;
    for (const std::string& name : order) {
        result.push_back({name, joined(name, std::move(by_name[name]))});
    }
    return result;
}

Instance read_instance(const XmlElement& element, std::string_view default_namespace) {
    Instance result(class_of(element));
    for (NamedValue& property : read_values(element, default_namespace)) {
        result.set(property.name, std::move(property.value));
    }
    return result;
}

}  // namespace reviver::cim::ws
