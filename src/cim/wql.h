// WQL, the query language of WMI, as far as clients use it: SELECT with a condition, ASSOCIATORS OF
// and REFERENCES OF. [MS-WMI] 2.2.1.
//
//   SELECT * | p, q FROM class [WHERE condition]
//   condition: AND, OR, NOT, parentheses; = <> != < <= > >= with a constant on either side; LIKE;
//              IS [NOT] NULL; ISA; the system properties __CLASS, __PATH, __RELPATH, __NAMESPACE,
//              __SUPERCLASS, and __THIS for ISA
//   ASSOCIATORS OF {path} [WHERE AssocClass = a ResultClass = b ResultRole = c Role = d]
//   REFERENCES OF {path} [WHERE ResultClass = a Role = b]
//
// Keywords and names in any case. Errors: CimError invalid_query; not_supported for keywords of
// WHERE that ask for classes in place of instances, or for qualifiers.
#pragma once

#include "cim/association_filter.h"
#include "cim/object_path.h"
#include "cim/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reviver::cim::wql {

enum class Relation : std::uint8_t {
    equal,
    unequal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    like,
    isa,
    null,
};

struct Condition {
    enum class Kind : std::uint8_t { all, any, negation, comparison };

    Kind kind = Kind::comparison;
    std::vector<Condition> parts;  // of all but comparisons

    std::string property;
    Relation relation = Relation::equal;
    Value constant;  // text, a boolean or null; numbers as text
};

struct Select {
    std::vector<std::string> properties;  // empty: all
    std::string from;
    std::optional<Condition> where;
};

struct Neighbours {
    bool associations = false;  // the associations themselves, not what is at their other ends
    ObjectPath object{""};
    AssociationFilter filter;
};

using Query = std::variant<Select, Neighbours>;

Query parse(std::string_view text);

}  // namespace reviver::cim::wql
