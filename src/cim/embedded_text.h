// Instances that travel as text inside a string: arguments and results with the qualifier
// EmbeddedInstance.
//
// Read: CIM-XML (DSP0201) <INSTANCE CLASSNAME="...">, also wrapped in VALUE.NAMEDOBJECT,
// VALUE.OBJECTWITHPATH, DECLGROUP and the like, with a byte order mark or an encoding declaration
// that is not true any more; or MOF "instance of". Written: one INSTANCE without white space, NAME
// as first attribute: a widely copied reader takes the first attribute of PROPERTY for the name and
// the next node for the value.
#pragma once

#include "cim/instance.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace reviver::cim {

// Values have the types that the text declares; convert with checked_instance().
// `depth` counts the instances around this one. Error(invalid_parameter).
Instance read_embedded(std::string_view text, std::size_t depth = 0);
std::string write_embedded(const Instance& instance);

}  // namespace reviver::cim
