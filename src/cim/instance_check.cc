#include "cim/instance_check.h"

#include "cim/cim_error.h"
#include "cim/embedded_text.h"
#include "cim/limits.h"
#include "cim/value_text.h"

#include <fmt/format.h>

namespace reviver::cim {

namespace {

[[noreturn]] void mismatch(const Element& declared, std::string_view why) {
    throw CimError(Status::type_mismatch, fmt::format("{}: {}", declared.name, why));
}

Value number_as(Type type, const Value& value) {
    if (is_unsigned(type) || type == Type::char16) {
        return Value::unsigned_number(type, value.as_unsigned());
    }
    if (is_signed(type)) return Value::signed_number(type, value.as_signed());
    if (is_real(value.type())) return Value::real_number(type, value.as_real());
    return Value::real_number(type, is_signed(value.type())
                                        ? static_cast<double>(value.as_signed())
                                        : static_cast<double>(value.as_unsigned()));
}

bool is_number(Type type) {
    return is_unsigned(type) || is_signed(type) || is_real(type) || type == Type::char16;
}

// An instance given where a reference is wanted stands for its keys.
ObjectPath path_from(const Schema& schema, const Element& declared, const Instance& instance) {
    const Class* its_class = schema.find(instance.class_name());
    if (!its_class) mismatch(declared, "there is no class " + instance.class_name());
    ObjectPath path(its_class->name);
    for (const Property* key : its_class->keys()) {
        if (const Value* value = instance.find(key->name)) path.set_key(key->name, *value);
    }
    return path;
}

Value to_reference(const Schema& schema, const Element& declared, const Value& value) {
    ObjectPath path = value.type() == Type::instance
                          ? path_from(schema, declared, value.as_instance())
                      : value.type() == Type::string ? ObjectPath::parse(value.as_string())
                                                     : value.as_reference();
    if (!path.name_space().empty() && !same_name(path.name_space(), schema.name_space())) {
        throw CimError(
            Status::invalid_parameter,
            fmt::format("{}: the namespace {} is not this one", declared.name, path.name_space()));
    }
    path = checked_path(schema, path);
    // The ends of an association are keys, and published schemas declare some of them as what they
    // are not: Msvm_RecoveryPointOfVirtualSystemCollection calls a point a CIM_Collection.
    const bool end = declared.qualifiers.find("Key") != nullptr;
    if (!end && !declared.ref_class.empty() &&
        !schema.derives(path.class_name(), declared.ref_class)) {
        // An ancestor may stand for the class; which object it is shows when it is looked up.
        if (!schema.derives(declared.ref_class, path.class_name())) {
            mismatch(declared, fmt::format("{} is no {}", path.class_name(), declared.ref_class));
        }
    }
    return path;
}

Value to_embedded(const Schema& schema, const Element& declared, const Value& value) {
    const Instance sent =
        value.type() == Type::instance ? value.as_instance() : read_embedded(value.as_string());
    const Instance checked = checked_instance(schema, sent);
    if (!schema.derives(checked.class_name(), declared.embedded_class())) {
        mismatch(declared,
                 fmt::format("{} is no {}", checked.class_name(), declared.embedded_class()));
    }
    return checked;
}

Value convert_scalar(const Schema& schema, const Element& declared, const Value& value) {
    if (value.is_null()) return {};
    if (!declared.embedded_class().empty() && schema.find(declared.embedded_class())) {
        return to_embedded(schema, declared, value);
    }
    if (declared.type == Type::reference) return to_reference(schema, declared, value);
    if (value.type() == declared.type) return value;
    if (value.type() == Type::instance || value.type() == Type::reference) {
        if (declared.type == Type::string && value.type() == Type::reference) {
            return value.as_reference().text();
        }
        mismatch(declared, fmt::format("expected {}", name_of(declared.type)));
    }
    if (is_number(value.type()) && is_number(declared.type)) return number_as(declared.type, value);
    return parse_scalar(declared.type, scalar_text(value));
}

Type stored_type(const Schema& schema, const Element& declared) {
    const bool embedded =
        !declared.embedded_class().empty() && schema.find(declared.embedded_class());
    return embedded ? Type::instance : declared.type;
}

Value convert_array(const Schema& schema, const Element& declared, const Value& value) {
    std::vector<Value> elements;
    if (!value.is_array()) {
        elements.push_back(convert_scalar(schema, declared, value));
    } else {
        if (value.elements().size() > limits::array_elements_max) {
            mismatch(declared, "the array is too long");
        }
        for (const Value& element : value.elements()) {
            elements.push_back(convert_scalar(schema, declared, element));
        }
    }
    return Value::array(stored_type(schema, declared), std::move(elements));
}

// The declared name of a key; an empty one is the only key.
const Property& key_named(const Class& its_class, const std::string& name) {
    const auto keys = its_class.keys();
    if (name.empty() && keys.size() == 1) return *keys[0];
    for (const Property* key : keys) {
        if (same_name(key->name, name)) return *key;
    }
    throw CimError(Status::invalid_parameter,
                   fmt::format("{} has no key {}", its_class.name, name));
}

}  // namespace

Value convert(const Schema& schema, const Element& declared, const Value& value) {
    if (value.is_null()) return {};
    try {
        if (declared.array) return convert_array(schema, declared, value);
        if (!value.is_array()) return convert_scalar(schema, declared, value);
        mismatch(declared, "expected one value, not several");
    } catch (const CimError&) {
        throw;
    } catch (const Error& error) {
        const bool wrong_type = error.code() == Code::wrong_type;
        throw CimError(wrong_type ? Status::type_mismatch : Status::invalid_parameter,
                       fmt::format("{}: {}", declared.name, error.what()));
    }
}

Instance checked_instance(const Schema& schema, const Instance& sent) {
    const Class* its_class = schema.find(sent.class_name());
    if (!its_class) {
        throw CimError(Status::type_mismatch,
                       fmt::format("there is no class {}", sent.class_name()));
    }
    Instance result(its_class->name);
    for (const NamedValue& property : sent.properties()) {
        if (property.name.starts_with("__")) continue;
        const Property* declared = its_class->find_property(property.name);
        if (!declared) {
            throw CimError(Status::no_such_property,
                           fmt::format("{} has no property {}", its_class->name, property.name));
        }
        result.set(declared->name, convert(schema, *declared, property.value));
    }
    return result;
}

ObjectPath checked_path(const Schema& schema, const ObjectPath& sent) {
    const Class* its_class = schema.find(sent.class_name());
    if (!its_class) {
        throw CimError(Status::invalid_class, fmt::format("there is no class {} in {}",
                                                          sent.class_name(), schema.name_space()));
    }
    ObjectPath result(its_class->name);
    result.set_host(sent.host());
    result.set_name_space(schema.name_space());
    for (const auto& [name, value] : sent.keys()) {
        const Property& key = key_named(*its_class, name);
        result.set_key(key.name, convert(schema, key, value));
    }
    if (result.keys().empty()) return result;
    for (const Property* key : its_class->keys()) {
        if (!result.keys().contains(key->name)) {
            throw CimError(Status::invalid_parameter,
                           fmt::format("the key {} of {} is missing", key->name, its_class->name));
        }
    }
    return result;
}

}  // namespace reviver::cim
