#include "cim/value_text.h"

#include "base/bytes.h"
#include "base/error.h"
#include "cim/instance.h"
#include "cim/names.h"
#include "cim/object_path.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace reviver::cim {

namespace {

[[noreturn]] void unreadable(Type type, std::string_view text) {
    fail(Code::wrong_type, "\"{}\" is no {}", beginning_of(text, 100), name_of(type));
}

template <class T>
T parse_number(Type type, std::string_view text) {
    std::string_view digits = trim(text);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
        unreadable(type, text);
    }
    return value;
}

Value parse_bool(std::string_view text) {
    const std::string_view word = trim(text);
    if (same_name(word, "true") || word == "1") return true;
    if (same_name(word, "false") || word == "0") return false;
    unreadable(Type::boolean, text);
}

Value parse_real(Type type, std::string_view text) {
    const std::string_view word = trim(text);
    if (same_name(word, "INF") || same_name(word, "+INF"))
        return Value::real_number(type, INFINITY);
    if (same_name(word, "-INF")) return Value::real_number(type, -INFINITY);
    if (same_name(word, "NaN")) return Value::real_number(type, NAN);
    return Value::real_number(type, parse_number<double>(type, text));
}

// One character of UTF-8 within the basic plane, or the number of one.
Value parse_char16(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (text.size() == 1 && (byte(0) < '0' || byte(0) > '9')) return static_cast<char16_t>(byte(0));
    if (text.size() == 2 && (byte(0) & 0xe0) == 0xc0) {
        return static_cast<char16_t>((byte(0) & 0x1f) << 6 | (byte(1) & 0x3f));
    }
    if (text.size() == 3 && (byte(0) & 0xf0) == 0xe0) {
        return static_cast<char16_t>((byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 |
                                     (byte(2) & 0x3f));
    }
    return Value::unsigned_number(Type::char16, parse_number<std::uint64_t>(Type::char16, text));
}

Value parse_datetime(std::string_view text) {
    const std::string_view word = trim(text);
    if (const auto time = DateTime::parse(word)) return *time;
    if (const auto time = DateTime::parse_iso(word)) return *time;
    unreadable(Type::datetime, text);
}

std::string real_text(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-INF" : "INF";
    return fmt::format("{}", number);
}

}  // namespace

Value parse_scalar(Type type, std::string_view text) {
    if (is_unsigned(type)) {
        return Value::unsigned_number(type, parse_number<std::uint64_t>(type, text));
    }
    if (is_signed(type)) return Value::signed_number(type, parse_number<std::int64_t>(type, text));
    if (is_real(type)) return parse_real(type, text);
    switch (type) {
        case Type::boolean:
            return parse_bool(text);
        case Type::char16:
            return parse_char16(text);
        case Type::string:
            return text;
        case Type::datetime:
            return parse_datetime(text);
        case Type::reference:
            return ObjectPath::parse(trim(text));
        default:
            unreadable(type, text);
    }
}

std::string scalar_text(const Value& value) {
    const Type type = value.type();
    if (is_unsigned(type) || type == Type::char16) return fmt::format("{}", value.as_unsigned());
    if (is_signed(type)) return fmt::format("{}", value.as_signed());
    if (type == Type::real32) return real_text(static_cast<float>(value.as_real()));
    if (type == Type::real64) return real_text(value.as_real());
    if (type == Type::boolean) return value.as_bool() ? "true" : "false";
    if (type == Type::datetime) return value.as_datetime().text();
    if (type == Type::reference) return value.as_reference().text();
    return value.as_string();
}

}  // namespace reviver::cim
