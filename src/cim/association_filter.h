// Which neighbours of an object are wanted: DSP0200 5.4.2.11, DSP0227 9.
#pragma once

#include <string>

namespace reviver::cim {

// Empty is "any". Classes stand for their subclasses too.
struct AssociationFilter {
    std::string association_class;
    std::string result_class;
    std::string role;         // the property of the association that names the object
    std::string result_role;  // the property that names the result
};

}  // namespace reviver::cim
