// Values as WS-Management brings them: it types some and leaves others as text. These read either
// kind, and take null for "not said". What makes no sense is Error(protocol).
#pragma once

#include "cim/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reviver::cli {

std::string text_of(const cim::Value& value);                   // null: ""
std::uint64_t number_of(const cim::Value& value);               // null: 0
bool flag_of(const cim::Value& value);                          // null: false
std::vector<std::string> texts_of(const cim::Value& value);     // null: none; a single value: one
std::optional<cim::DateTime> time_of(const cim::Value& value);  // null, and an interval: none

}  // namespace reviver::cli
