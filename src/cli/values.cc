#include "cli/values.h"

#include "base/error.h"
#include "cim/object_path.h"
#include "cim/value_text.h"

namespace reviver::cli {
namespace {

cim::Value typed(const cim::Value& value, cim::Type type) {
    if (value.type() != cim::Type::string) return value;
    try {
        return cim::parse_scalar(type, value.as_string());
    } catch (Error& error) {
        fail(Code::protocol, "the server sent a value that makes no sense: {}", error.what());
    }
}

}  // namespace

std::string text_of(const cim::Value& value) {
    if (value.is_null()) return "";
    return value.type() == cim::Type::string ? value.as_string() : cim::scalar_text(value);
}

std::uint64_t number_of(const cim::Value& value) {
    return value.is_null() ? 0 : typed(value, cim::Type::uint64).as_unsigned();
}

bool flag_of(const cim::Value& value) {
    return !value.is_null() && typed(value, cim::Type::boolean).as_bool();
}

std::vector<std::string> texts_of(const cim::Value& value) {
    if (value.is_null()) return {};
    if (!value.is_array()) return {text_of(value)};
    std::vector<std::string> texts;
    for (const cim::Value& element : value.elements()) texts.push_back(text_of(element));
    return texts;
}

std::optional<cim::DateTime> time_of(const cim::Value& value) {
    if (value.is_null() || (value.type() == cim::Type::string && value.as_string().empty())) {
        return std::nullopt;
    }
    cim::DateTime time = typed(value, cim::Type::datetime).as_datetime();
    if (time.is_interval()) return std::nullopt;
    return time;
}

}  // namespace reviver::cli
