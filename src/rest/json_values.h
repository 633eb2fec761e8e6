// CIM values as JSON, and back.
//
//   boolean                  true, false
//   uint8..uint32, sint8..sint32, char16    numbers
//   uint64, sint64           strings of digits: JavaScript's numbers are exact up to 2^53 only
//   real32, real64           numbers; strings "NaN", "INF", "-INF"
//   string                   strings
//   datetime                 ISO 8601: "2025-01-02T03:04:05.000001Z", "P1DT2H3M4S"
//   reference                {"@class": "...", "@href": "/api/v1/...", and the keys}
//   embedded instance        {"@class": "...", and the properties}
//   null, arrays             null, arrays
//
// Reading is generous: numbers as strings and strings as numbers, datetimes of CIM (25 characters),
// references as object paths or as the string of an href, embedded instances as text in the forms
// of the other protocols.
#pragma once

#include "cim/schema.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace reviver::rest {

// What an instance is known by: {"@class", "@href", keys}. `schema` is that of its namespace.
boost::json::object reference_json(const cim::Schema& schema, const cim::ObjectPath& path);
// With all properties that are set, in their order; "@href" where `path` is given.
boost::json::object instance_json(const cim::Schema& schema, const cim::Instance& instance,
                                  const cim::ObjectPath* path = nullptr);
boost::json::value value_json(const cim::Schema& schema, const cim::Value& value,
                              const cim::Element* declared = nullptr);

// As the object model takes it: cim::convert() gives it its declared type. CimError
// invalid_parameter, type_mismatch.
cim::Value value_of(const cim::Schema& schema, const cim::Element& declared,
                    const boost::json::value& json);

}  // namespace reviver::rest
