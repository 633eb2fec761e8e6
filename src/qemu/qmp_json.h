// For .cc files that speak QMP themselves: one call, and reading answers without trusting them.
//
// The readers throw Code::protocol where a field is missing or of another type.
#pragma once

#include "qemu/qmp.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace reviver::qemu {

boost::json::value call(const Qmp& qmp, const std::string& command,
                        const boost::json::object& arguments = {});
boost::json::value parse_json(std::string_view text);

const boost::json::object& object_of(const boost::json::value& value);
const boost::json::array& array_of(const boost::json::value& value);
const boost::json::value& field(const boost::json::object& object, std::string_view name);
std::string string_field(const boost::json::object& object, std::string_view name);
std::uint64_t number_field(const boost::json::object& object, std::string_view name);
bool bool_field(const boost::json::object& object, std::string_view name);
// The same for fields that may be absent.
std::string string_field_or(const boost::json::object& object, std::string_view name,
                            std::string_view otherwise);
bool bool_field_or(const boost::json::object& object, std::string_view name, bool otherwise);
std::uint64_t number_field_or(const boost::json::object& object, std::string_view name,
                              std::uint64_t otherwise);

}  // namespace reviver::qemu
