#include "qemu/qmp_json.h"

#include "base/error.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace reviver::qemu {

namespace json = boost::json;

json::value call(const Qmp& qmp, const std::string& command, const json::object& arguments) {
    return parse_json(qmp(command, arguments.empty() ? "" : json::serialize(arguments)));
}

json::value parse_json(std::string_view text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    if (error) fail(Code::protocol, "QEMU answered with broken JSON: {}", error.message());
    return value;
}

const json::object& object_of(const json::value& value) {
    if (!value.is_object())
        fail(Code::protocol, "QEMU answered without an object where one is due");
    return value.get_object();
}

const json::array& array_of(const json::value& value) {
    if (!value.is_array()) fail(Code::protocol, "QEMU answered without a list where one is due");
    return value.get_array();
}

const json::value& field(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) fail(Code::protocol, "QEMU answered without \"{}\"", name);
    return *value;
}

std::string string_field(const json::object& object, std::string_view name) {
    const json::value& value = field(object, name);
    if (!value.is_string()) fail(Code::protocol, "QEMU answered \"{}\" without text", name);
    return std::string(value.get_string());
}

std::uint64_t number_field(const json::object& object, std::string_view name) {
    boost::system::error_code error;
    const auto number = field(object, name).to_number<std::uint64_t>(error);
    if (error) fail(Code::protocol, "QEMU answered \"{}\" without a number", name);
    return number;
}

bool bool_field(const json::object& object, std::string_view name) {
    const json::value& value = field(object, name);
    if (!value.is_bool()) fail(Code::protocol, "QEMU answered \"{}\" without true or false", name);
    return value.get_bool();
}

std::string string_field_or(const json::object& object, std::string_view name,
                            std::string_view otherwise) {
    return object.contains(name) ? string_field(object, name) : std::string(otherwise);
}

bool bool_field_or(const json::object& object, std::string_view name, bool otherwise) {
    return object.contains(name) ? bool_field(object, name) : otherwise;
}

std::uint64_t number_field_or(const json::object& object, std::string_view name,
                              std::uint64_t otherwise) {
    return object.contains(name) ? number_field(object, name) : otherwise;
}

}  // namespace reviver::qemu
