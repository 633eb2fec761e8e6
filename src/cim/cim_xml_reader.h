// The elements of CIM-XML (DSP0201) that stand for names, values and instances, read from a parsed
// document. Text that clients send as VALUE stays text where its type is not beside it:
// cim/instance_check.h converts what the schema declares. Errors: Code::protocol says what is
// wrong with the element.
#pragma once

#include "cim/instance.h"
#include "cim/object_path.h"
#include "cim/xml.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace reviver::cim::cim_xml {

const std::string& required_attribute(const XmlElement& element, std::string_view name);

// LOCALNAMESPACEPATH: "root/HyperVCluster/v2".
std::string read_namespace(const XmlElement& local_namespace_path);

// INSTANCENAME or CLASSNAME, or one of the elements around them: OBJECTPATH, VALUE.REFERENCE, and
// (LOCAL)INSTANCEPATH and (LOCAL)CLASSPATH with their namespace. A class is a path without keys. An
// INSTANCENAME may hold a single KEYVALUE without a name: its key is "".
ObjectPath read_path(const XmlElement& element, std::size_t depth = 0);

// INSTANCE, with the types that it declares. `depth` counts instances in the text of instances.
Instance read_instance(const XmlElement& instance, std::size_t depth = 0);

// What a PARAMVALUE or IPARAMVALUE holds: text, a path, or an array of these; null without a child.
Value read_parameter(const XmlElement& parameter);

}  // namespace reviver::cim::cim_xml
