// Scalars as text, and back. One grammar for all doors: it is generous when reading and exact when
// writing.
#pragma once

#include "cim/value.h"

#include <string>
#include <string_view>

namespace reviver::cim {

// Numbers in decimal with optional sign and white space around, booleans in any case or as 0 and 1,
// datetimes as 25 CIM characters or in the forms of XML Schema, char16 as number or one character,
// references as object paths. Error(wrong_type) says what was expected. Not for embedded instances.
Value parse_scalar(Type type, std::string_view text);

// "true", "42", "1.5", "text", 25 characters of a datetime, an object path. Not for null, arrays
// and embedded instances.
std::string scalar_text(const Value& value);

}  // namespace reviver::cim
