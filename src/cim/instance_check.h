// Brings what a client sent into the types that the schema declares. Errors: CimError type_mismatch
// for a value that cannot be what is declared, invalid_parameter for text that cannot be read,
// no_such_property for a name that is not declared.
#pragma once

#include "cim/instance.h"
#include "cim/object_path.h"
#include "cim/schema.h"

namespace reviver::cim {

// Converts a scalar or array to the type of `declared`: numbers between widths where they fit, text
// to anything, an embedded instance to the path of its keys where a reference is declared, and text
// to an instance where one is embedded. A single value becomes an array of one where an array is
// declared.
Value convert(const Schema& schema, const Element& declared, const Value& value);

// Properties converted and spelt as declared; system properties ("__PATH") are dropped. The class
// must be in the schema.
Instance checked_instance(const Schema& schema, const Instance& sent);

// A path whose keys are typed and spelt as declared. An empty key name is the only key of the
// class. Error: invalid_parameter when a key is missing, or is none. A path without keys is left
// without keys.
ObjectPath checked_path(const Schema& schema, const ObjectPath& sent);

}  // namespace reviver::cim
