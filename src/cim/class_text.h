// A class as CIM-XML (DSP0201): what clients read to learn the types of properties and the
// parameters of methods.
#pragma once

#include "cim/schema.h"

#include <functional>
#include <string>

namespace reviver::cim {

struct ClassDetail {
    bool qualifiers = true;
    bool inherited = true;     // properties and methods of superclasses too
    bool class_origin = true;  // where each was declared
    bool derivation = true;    // the chain of superclasses, "Parent,Grandparent"
    std::function<bool(const std::string& property)> wanted = {};  // empty: all properties are
};

// One CLASS element, in no namespace.
std::string write_class(const Schema& schema, const Class& declared, const ClassDetail& detail);

}  // namespace reviver::cim
