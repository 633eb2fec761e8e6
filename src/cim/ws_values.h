// Instances and values as the XML of WS-CIM (DSP0230). Prefixes p (the class), xsi, cim, a, w are
// bound by whoever writes the element around.
#pragma once

#include "cim/instance.h"
#include "cim/schema.h"
#include "cim/ws_resource.h"
#include "cim/xml.h"
#include "cim/xml_writer.h"

#include <string>
#include <string_view>

namespace reviver::cim::ws {

struct ValueStyle {
    UriForm form = UriForm::dmtf;
    std::string name_space;
    bool bare_datetime = false;   // for a client that takes the wrapping element for an instance
    bool property_types = false;  // xsi:type on every property
    bool precise_arrays = false;  // tell a null array from an empty one; needs the schema
    const Schema* schema = nullptr;
};

// One element `name` for a scalar, one an element for an array, a nil element for null.
void write_value(XmlWriter& out, std::string_view name, const Value& value,
                 const ValueStyle& style);
// All properties of an instance, as elements in the namespace p.
void write_properties(XmlWriter& out, const Instance& instance, const ValueStyle& style);
// The instance element with its own namespace declarations.
void write_instance(XmlWriter& out, const Instance& instance, const ValueStyle& style);

// The children of `parent`, in any order, as values by name; elements of one name make an array.
// Text stays text, endpoint references become paths, elements with children become embedded
// instances, datetimes datetimes; xsi:type gives numbers their type. Errors: invalid_parameter,
// wrong_type.
std::vector<NamedValue> read_values(const XmlElement& parent, std::string_view default_namespace);
// An element that stands for an instance; its class is in xsi:type, in the namespace of the
// children, or its own name.
Instance read_instance(const XmlElement& element, std::string_view default_namespace);
bool is_nil(const XmlElement& element);

}  // namespace reviver::cim::ws
