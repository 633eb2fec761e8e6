#include "cim/value.h"

#include "base/check.h"
#include "base/error.h"
#include "cim/instance.h"
#include "cim/names.h"
#include "cim/object_path.h"

#include <array>
#include <limits>

namespace reviver::cim {

namespace {

constexpr std::array<std::string_view, 16> type_names = {
    "boolean", "uint8",  "uint16", "uint32", "uint64", "sint8",    "sint16",    "sint32",
    "sint64",  "real32", "real64", "char16", "string", "datetime", "reference", "instance"};

[[noreturn]] void wrong_type(std::string_view wanted, const Value& value) {
    fail(Code::wrong_type, "the value is {}{}, not {}", value.is_array() ? "an array of " : "",
         value.is_null() ? "null" : name_of(value.type()), wanted);
}

std::uint64_t unsigned_max(Type type) {
    switch (type) {
        case Type::uint8:
            return std::numeric_limits<std::uint8_t>::max();
        case Type::uint16:
        case Type::char16:
            return std::numeric_limits<std::uint16_t>::max();
        case Type::uint32:
            return std::numeric_limits<std::uint32_t>::max();
        default:
            return std::numeric_limits<std::uint64_t>::max();
    }
}

std::int64_t signed_max(Type type) {
    switch (type) {
        case Type::sint8:
            return std::numeric_limits<std::int8_t>::max();
        case Type::sint16:
            return std::numeric_limits<std::int16_t>::max();
        case Type::sint32:
            return std::numeric_limits<std::int32_t>::max();
        default:
            return std::numeric_limits<std::int64_t>::max();
    }
}

// A Value of a type that its number alone does not tell.
template <class T>
Value typed(Type type, T number) {
    switch (type) {
        case Type::uint8:
            return static_cast<std::uint8_t>(number);
        case Type::uint16:
            return static_cast<std::uint16_t>(number);
        case Type::uint32:
            return static_cast<std::uint32_t>(number);
        case Type::uint64:
            return static_cast<std::uint64_t>(number);
        case Type::sint8:
            return static_cast<std::int8_t>(number);
        case Type::sint16:
            return static_cast<std::int16_t>(number);
        case Type::sint32:
            return static_cast<std::int32_t>(number);
        case Type::sint64:
            return static_cast<std::int64_t>(number);
        case Type::real32:
            return static_cast<float>(number);
        case Type::real64:
            return static_cast<double>(number);
        default:
            return static_cast<char16_t>(number);
    }
}

}  // namespace

std::string_view name_of(Type type) {
    return type_names[static_cast<std::size_t>(type)];
}

std::optional<Type> type_named(std::string_view name) {
    for (std::size_t i = 0; i < type_names.size(); ++i) {
        if (same_name(name, type_names[i])) return static_cast<Type>(i);
    }
    return std::nullopt;
}

bool is_unsigned(Type type) {
    return type >= Type::uint8 && type <= Type::uint64;
}
bool is_signed(Type type) {
    return type >= Type::sint8 && type <= Type::sint64;
}
bool is_real(Type type) {
    return type == Type::real32 || type == Type::real64;
}

Value::Value(ObjectPath path)
    : data_(std::make_shared<const ObjectPath>(std::move(path))), type_(Type::reference) {}

Value::Value(Instance instance)
    : data_(std::make_shared<const Instance>(std::move(instance))), type_(Type::instance) {}

Value Value::array(Type type, std::vector<Value> elements) {
    for (const Value& element : elements) {
        REVIVER_CHECK(!element.is_array() && (element.is_null() || element.type() == type));
    }
    Value result;
    result.data_ = std::move(elements);
    result.type_ = type;
    return result;
}

Value Value::instances(std::vector<Instance> elements) {
    return array(Type::instance, wrap(elements));
}

Value Value::references(std::vector<ObjectPath> elements) {
    return array(Type::reference, wrap(elements));
}

Value Value::unsigned_number(Type type, std::uint64_t number) {
    if (number > unsigned_max(type)) {
        fail(Code::wrong_type, "{} does not fit into {}", number, name_of(type));
    }
    return typed(type, number);
}

Value Value::signed_number(Type type, std::int64_t number) {
    if (number > signed_max(type) || number < -signed_max(type) - 1) {
        fail(Code::wrong_type, "{} does not fit into {}", number, name_of(type));
    }
    return typed(type, number);
}

Value Value::real_number(Type type, double number) {
    return typed(type, number);
}

bool Value::as_bool() const {
    if (const bool* flag = std::get_if<bool>(&data_)) return *flag;
    wrong_type("boolean", *this);
}

std::uint64_t Value::as_unsigned() const {
    if (const auto* number = std::get_if<std::uint64_t>(&data_)) return *number;
    const auto* number = std::get_if<std::int64_t>(&data_);
    if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
    wrong_type("an unsigned number", *this);
}

std::int64_t Value::as_signed() const {
    if (const auto* number = std::get_if<std::int64_t>(&data_)) return *number;
    const auto* number = std::get_if<std::uint64_t>(&data_);
    if (number && *number <= static_cast<std::uint64_t>(signed_max(Type::sint64))) {
        return static_cast<std::int64_t>(*number);
    }
    wrong_type("a signed number", *this);
}

double Value::as_real() const {
    if (const double* number = std::get_if<double>(&data_)) return *number;
    wrong_type("a real number", *this);
}

const std::string& Value::as_string() const {
    if (const auto* text = std::get_if<std::string>(&data_)) return *text;
    wrong_type("a string", *this);
}

const DateTime& Value::as_datetime() const {
    if (const auto* time = std::get_if<DateTime>(&data_)) return *time;
    wrong_type("a datetime", *this);
}

const ObjectPath& Value::as_reference() const {
    if (const auto* path = std::get_if<std::shared_ptr<const ObjectPath>>(&data_)) return **path;
    wrong_type("a reference", *this);
}

const Instance& Value::as_instance() const {
    if (const auto* found = std::get_if<std::shared_ptr<const Instance>>(&data_)) return **found;
    wrong_type("an embedded instance", *this);
}

const std::vector<Value>& Value::elements() const {
    if (const auto* found = std::get_if<std::vector<Value>>(&data_)) return *found;
    wrong_type("an array", *this);
}

std::vector<std::string> Value::as_strings() const {
    std::vector<std::string> result;
    if (is_null()) return result;
    if (!is_array()) return {as_string()};
    for (const Value& element : elements()) result.push_back(element.as_string());
    return result;
}

bool Value::operator==(const Value& other) const {
    if (is_null() || other.is_null()) return is_null() && other.is_null();
    if (type_ != other.type_ || is_array() != other.is_array()) return false;
    if (is_array()) return elements() == other.elements();
    if (type_ == Type::reference) return as_reference() == other.as_reference();
    if (type_ == Type::instance) return as_instance() == other.as_instance();
    return data_ == other.data_;
}

}  // namespace reviver::cim
