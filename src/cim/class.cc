#include "cim/class.h"

#include "cim/names.h"
#include "cim/value_text.h"

#include <algorithm>

namespace reviver::cim {

namespace {

template <class T>
const T* find_named(const std::vector<T>& elements, std::string_view name) {
    const auto found = std::find_if(elements.begin(), elements.end(), [&](const T& element) {
        return same_name(element.name, name);
    });
    return found == elements.end() ? nullptr : &*found;
}

// "5", "32768..65535", ".." (all that is not named otherwise)
bool in_value_map_range(std::string_view range, std::string_view text, const Value& value) {
    const auto dots = range.find("..");
    if (dots == std::string_view::npos) return range == text;
    if (value.type() == Type::string) return false;
    const std::string_view low = trim(range.substr(0, dots));
    const std::string_view high = trim(range.substr(dots + 2));
    const std::uint64_t number = value.as_unsigned();
    return (low.empty() || number >= parse_scalar(Type::uint64, low).as_unsigned()) &&
           (high.empty() || number <= parse_scalar(Type::uint64, high).as_unsigned());
}

}  // namespace

void Qualifiers::set(std::string name, Value value) {
    for (NamedValue& one : all_) {
        if (same_name(one.name, name)) {
            one.value = std::move(value);
            return;
        }
    }
    all_.push_back({std::move(name), std::move(value)});
}

const Value* Qualifiers::find(std::string_view name) const {
    const NamedValue* found = find_named(all_, name);
    return found ? &found->value : nullptr;
}

bool Qualifiers::flag(std::string_view name) const {
    const Value* found = find(name);
    return found && !found->is_null() && found->type() == Type::boolean && found->as_bool();
}

std::string Qualifiers::text(std::string_view name) const {
    const Value* found = find(name);
    const bool has_text = found && !found->is_null() && !found->is_array();
    return has_text && found->type() == Type::string ? found->as_string() : std::string();
}

std::string Element::label(const Value& value) const {
    const Value* map = qualifiers.find("ValueMap");
    const Value* values = qualifiers.find("Values");
    if (!map || !values || value.is_null() || value.is_array()) return {};
    const std::vector<std::string> ranges = map->as_strings();
    const std::vector<std::string> labels = values->as_strings();
    const std::string text = scalar_text(value);
    for (std::size_t i = 0; i < ranges.size() && i < labels.size(); ++i) {
        if (in_value_map_range(ranges[i], text, value)) return labels[i];
    }
    return {};
}

const Parameter* Method::find(std::string_view parameter) const {
    return find_named(parameters, parameter);
}

const Property* Class::find_property(std::string_view property) const {
    return find_named(properties, property);
}

const Method* Class::find_method(std::string_view method) const {
    return find_named(methods, method);
}

std::vector<const Property*> Class::keys() const {
    std::vector<const Property*> result;
    for (const Property& property : properties) {
        if (property.is_key()) result.push_back(&property);
    }
    return result;
}

}  // namespace reviver::cim
