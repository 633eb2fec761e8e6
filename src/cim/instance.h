// An instance: the name of its class, and properties by name in the order in which they were set.
// Names compare without regard to case. It knows nothing about the schema; cim/schema.h and
// cim/instance_check.h do.
#pragma once

#include "cim/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

struct NamedValue {
    std::string name;
    Value value;
    bool operator==(const NamedValue&) const = default;
};

class Instance {
  public:
    explicit Instance(std::string class_name) : class_name_(std::move(class_name)) {}

    const std::string& class_name() const { return class_name_; }
    // Replaces the value of a property that is there, in its place.
    Instance& set(std::string_view name, Value value);
    const Value* find(std::string_view name) const;  // nullptr: not set
    const Value& get(std::string_view name) const;   // null when not set
    const std::vector<NamedValue>& properties() const { return properties_; }

    bool operator==(const Instance&) const = default;

  private:
    std::string class_name_;
    std::vector<NamedValue> properties_;
};

}  // namespace reviver::cim
