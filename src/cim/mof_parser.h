// Reads MOF (DSP0221 as far as class files need it): pragmas, qualifier declarations (read over),
// classes, instances. By recursive descent over at most limits::mof_bytes_max; every error is
// Error(invalid_parameter) with "file:line: ".
#pragma once

#include "cim/class.h"
#include "cim/instance.h"
#include "cim/schema.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

// Gives the text of a file that `#pragma include ("name")` names.
using MofFiles = std::function<std::string(const std::string& name)>;

// Adds all classes of `name` and of what it includes. The caller resolves the schema afterwards.
void read_mof(Schema& schema, const std::string& name, const MofFiles& files);

// "instance of CLASS { Property = value; ... };" Numbers have type sint64 or uint64, arrays without
// elements are strings: convert with cim/instance_check.h. More than one instance, or a class, is
// an error.
Instance read_mof_instance(std::string_view text);

}  // namespace reviver::cim
