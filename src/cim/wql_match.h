// Which instances a condition of WQL is true for.
//
// NULL compares as unknown: neither the comparison nor its negation is true. Strings compare
// without regard to the case of ASCII letters, as in WMI.
#pragma once

#include "cim/instance.h"
#include "cim/object_path.h"
#include "cim/schema.h"
#include "cim/wql.h"

#include <optional>
#include <string_view>

namespace reviver::cim::wql {

// The condition with its constants in the types of the properties that they are compared with.
// CimError invalid_query when the class has no such property, or values cannot be compared so.
Condition checked(const Schema& schema, const Class& of, Condition condition);

// nullopt: unknown. The condition is a checked one.
std::optional<bool> holds(const Condition& condition, const Schema& schema,
                          const Instance& instance, const ObjectPath& path);

// "%" any text, "_" one character, "[a-f]" one of these, "[^a-f]" none of these. Takes time in
// proportion to the product of both lengths at most. CimError invalid_query.
bool is_like(std::string_view text, std::string_view pattern);

// __CLASS and the like, which no class declares.
bool is_system_property(std::string_view name);

}  // namespace reviver::cim::wql
