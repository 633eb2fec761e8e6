// What a class declares: properties, methods with their parameters, qualifiers. DSP0004 5.1. Plain
// values; a Class says what its own declaration says, and after it was added to a Schema also what
// it inherits.
#pragma once

#include "cim/instance.h"
#include "cim/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

class Qualifiers {
  public:
    void set(std::string name, Value value);
    const Value* find(std::string_view name) const;
    bool flag(std::string_view name) const;  // there and true
    std::string text(
        std::string_view name) const;  // of a string qualifier; empty when it is not there
    const std::vector<NamedValue>& all() const { return all_; }

  private:
    std::vector<NamedValue> all_;
};

// What properties, parameters and method results have in common.
struct Element {
    std::string name;
    Type type = Type::string;  // embedded instances are strings with the qualifier EmbeddedInstance
    bool array = false;
    std::string ref_class;  // of a reference
    Qualifiers qualifiers;

    // The class of the instances that a string holds as text; empty: it is an ordinary string.
    std::string embedded_class() const { return qualifiers.text("EmbeddedInstance"); }
    // The label of `value` after the qualifiers ValueMap and Values, ranges included; empty when
    // they do not say.
    std::string label(const Value& value) const;
};

struct Property : Element {
    Value default_value;
    std::string origin;  // the class that declared it last

    bool is_key() const { return qualifiers.flag("Key"); }
};

struct Parameter : Element {
    bool in() const { return !qualifiers.find("In") || qualifiers.flag("In"); }
    bool out() const { return qualifiers.flag("Out"); }
};

struct Method : Element {  // name and type of the result
    std::vector<Parameter> parameters;
    std::string origin;

    const Parameter* find(std::string_view parameter) const;
};

struct Class {
    std::string name;
    std::string superclass;  // empty: none
    Qualifiers qualifiers;
    std::vector<Property> own_properties;
    std::vector<Method> own_methods;

    // Filled by Schema: inherited ones first, an override stands where the overridden one stood.
    std::vector<Property> properties;
    std::vector<Method> methods;

    bool is_association() const { return qualifiers.flag("Association"); }
    bool is_indication() const { return qualifiers.flag("Indication"); }
    bool is_abstract() const { return qualifiers.flag("Abstract"); }

    const Property* find_property(std::string_view property) const;
    const Method* find_method(std::string_view method) const;
    std::vector<const Property*> keys() const;
};

}  // namespace reviver::cim
