// One CIM value: null, a scalar of an intrinsic type, an embedded instance, or an array of these.
// Values are immutable once made and cheap to copy where they hold references and instances; any
// thread may read any copy.
//
//   Value(std::uint16_t{3})   Value("text")   Value(path)   Value(std::vector<std::string>{...})
//   Value() is null
//
// The accessors throw Error(wrong_type) when asked for another type than the value has.
#pragma once

#include "cim/datetime.h"

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace reviver::cim {

class Instance;
class ObjectPath;

// DSP0004 5.2, and "instance" for an embedded one.
enum class Type : std::uint8_t {
    boolean,
    uint8,
    uint16,
    uint32,
    uint64,
    sint8,
    sint16,
    sint32,
    sint64,
    real32,
    real64,
    char16,
    string,
    datetime,
    reference,
    instance,
};

std::string_view name_of(Type type);  // as in MOF: "uint16", "datetime"; a reference is "reference"
std::optional<Type> type_named(std::string_view name);
bool is_unsigned(Type type);
bool is_signed(Type type);
bool is_real(Type type);

template <class T>
constexpr std::optional<Type> type_of_number() {
    if (std::same_as<T, std::uint8_t>) return Type::uint8;
    if (std::same_as<T, std::uint16_t>) return Type::uint16;
    if (std::same_as<T, std::uint32_t>) return Type::uint32;
    if (std::same_as<T, std::uint64_t>) return Type::uint64;
    if (std::same_as<T, std::int8_t>) return Type::sint8;
    if (std::same_as<T, std::int16_t>) return Type::sint16;
    if (std::same_as<T, std::int32_t>) return Type::sint32;
    if (std::same_as<T, std::int64_t>) return Type::sint64;
    if (std::same_as<T, float>) return Type::real32;
    if (std::same_as<T, double>) return Type::real64;
    if (std::same_as<T, char16_t>) return Type::char16;
    return std::nullopt;
}
template <class T>
concept Number = type_of_number<T>()
.has_value();

class Value {
  public:
    Value() = default;  // null
    template <std::same_as<bool> T>
    Value(T flag) : data_(flag), type_(Type::boolean) {}
    template <Number T>
    Value(T number) : data_(stored(number)), type_(*type_of_number<T>()) {}
    Value(std::string text) : data_(std::move(text)), type_(Type::string) {}
    Value(std::string_view text) : Value(std::string(text)) {}
    Value(const char* text) : Value(std::string(text)) {}
    Value(DateTime time) : data_(time), type_(Type::datetime) {}
    Value(ObjectPath path);
    Value(Instance instance);
    template <class T>
    requires(!std::same_as<T, Value>) Value(const std::vector<T>& elements)
        : Value(array(Value(T()).type(), wrap(elements))) {}

    // `elements` are scalars of `type` or null.
    static Value array(Type type, std::vector<Value> elements);
    static Value instances(std::vector<Instance> elements);
    static Value references(std::vector<ObjectPath> elements);
    // A number of `type`; throws Error(wrong_type) when it does not fit.
    static Value unsigned_number(Type type, std::uint64_t number);
    static Value signed_number(Type type, std::int64_t number);
    static Value real_number(Type type, double number);

    bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    bool is_array() const { return std::holds_alternative<std::vector<Value>>(data_); }
    Type type() const { return type_; }  // of the elements for an array; meaningless for null

    bool as_bool() const;
    std::uint64_t as_unsigned()
        const;                       // uint8..uint64 and char16; a signed one that is not negative
    std::int64_t as_signed() const;  // sint8..sint64; an unsigned one that fits
    double as_real() const;
    const std::string& as_string() const;
    const DateTime& as_datetime() const;
    const ObjectPath& as_reference() const;
    const Instance& as_instance() const;
    const std::vector<Value>& elements() const;
    std::vector<std::string> as_strings() const;  // null is empty, one string an array of one

    bool operator==(const Value& other) const;  // of one type and equal; texts by case

  private:
    using Data = std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double,
                              std::string, DateTime, std::shared_ptr<const ObjectPath>,
                              std::shared_ptr<const Instance>, std::vector<Value>>;

    template <class T>
    static Data stored(T number) {
        if constexpr (std::floating_point<T>)
            return static_cast<double>(number);
        else if constexpr (std::signed_integral<T>)
            return static_cast<std::int64_t>(number);
        else
            return static_cast<std::uint64_t>(number);
    }
    template <class T>
    static std::vector<Value> wrap(const std::vector<T>& elements) {
        return std::vector<Value>(elements.begin(), elements.end());
    }

    Data data_;
    Type type_ = Type::string;
};

}  // namespace reviver::cim
