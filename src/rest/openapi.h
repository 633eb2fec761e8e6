// The document of OpenAPI 3.1 that describes the JSON door: made from the classes, so that it says
// what is served.
//
// Components are named namespace.Class and namespace.Class.Method.in and .out, with dots for the
// slashes of the namespace. What a class inherits is in the component of its superclass.
#pragma once

#include "cim/object_manager.h"

#include <boost/json/object.hpp>

namespace reviver::rest {

// With the classes that `who` may read.
boost::json::object openapi_document(const cim::ObjectManager& objects, const cim::Principal& who);

std::string component_name(std::string_view name_space, std::string_view name);

}  // namespace reviver::rest
