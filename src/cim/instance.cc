#include "cim/instance.h"

#include "cim/names.h"

namespace reviver::cim {

Instance& Instance::set(std::string_view name, Value value) {
    for (NamedValue& property : properties_) {
        if (same_name(property.name, name)) {
            property.value = std::move(value);
            return *this;
        }
    }
    properties_.push_back({std::string(name), std::move(value)});
    return *this;
}

const Value* Instance::find(std::string_view name) const {
    for (const NamedValue& property : properties_) {
        if (same_name(property.name, name)) return &property.value;
    }
    return nullptr;
}

const Value& Instance::get(std::string_view name) const {
    static const Value null;
    const Value* found = find(name);
    return found ? *found : null;
}

}  // namespace reviver::cim
