// The instances of a site as JSON, for scripts: the properties of its CIM classes under their own
// names, numbers as numbers, datetimes in ISO 8601, references as object paths. The schema that is
// part of this program says the types, which WS-Management leaves out; a property that it does not
// know stays text.
#pragma once

#include "cim/instance.h"
#include "cli/console.h"

#include <boost/json.hpp>

#include <vector>

namespace reviver::cli {

boost::json::object json_of(const cim::Instance& instance);

// Of things that have an instance.
template <class Object>
boost::json::array json_of_all(const std::vector<Object>& objects) {
    boost::json::array all;
    for (const Object& object : objects) all.push_back(json_of(object.instance));
    return all;
}

boost::json::array json_of_texts(const std::vector<std::string>& texts);

void print_json(const Console& console, const boost::json::value& value);

}  // namespace reviver::cli
