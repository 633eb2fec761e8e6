// How objects are named in the paths of the JSON door, and read back.
//
//   /api/v1/root:HyperVCluster:v2/instances/Msvm_ConcreteJob/0b0f...
//           └ a colon for each slash        └ class          └ the value of the only key,
//                                               or Key=value,Key=value in any order, or @ for the
//                                               only instance that there is
//
// Values are percent-encoded: '/', '=', ',' and '\' in them always are. A key that is a reference
// has the text of an object path as its value. Errors: CimError invalid_parameter.
#pragma once

#include "cim/object_path.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::rest {

inline constexpr std::string_view api_root = "/api/v1";

std::string percent_encode(std::string_view text);
std::string percent_decode(std::string_view text);  // must give UTF-8

std::string namespace_segment(std::string_view name_space);  // "root:HyperVCluster:v2"
std::string namespace_in(std::string_view segment);          // "root/HyperVCluster/v2"
std::string keys_segment(const cim::ObjectPath& path);
// Keys as text; the object model gives them their types.
cim::ObjectPath path_in(std::string_view name_space, std::string_view class_segment,
                        std::string_view keys_segment);

// `name_space` where the path itself has none.
std::string href_of(const cim::ObjectPath& path, std::string_view name_space);
cim::ObjectPath path_of_href(std::string_view href);
bool is_href(std::string_view text);

// What is between the slashes, still encoded; a slash at the end makes no difference.
std::vector<std::string> segments_of(std::string_view path_below_root);

using QueryParameters = std::map<std::string, std::string>;
// "a=b&c=d", decoded; '+' is a space. One that comes twice is an error.
QueryParameters read_query(std::string_view query);

}  // namespace reviver::rest
