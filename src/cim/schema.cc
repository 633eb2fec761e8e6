#include "cim/schema.h"

#include "base/error.h"
#include "cim/limits.h"

#include <algorithm>

namespace reviver::cim {

namespace {

// What an overriding declaration keeps of the one it overrides: that it is a key, and qualifiers
// that it does not set anew.
void inherit_qualifiers(Qualifiers& own, const Qualifiers& inherited) {
    for (const NamedValue& qualifier : inherited.all()) {
        const bool restricted =
            same_name(qualifier.name, "Abstract") || same_name(qualifier.name, "Description");
        if (!restricted && !own.find(qualifier.name)) own.set(qualifier.name, qualifier.value);
    }
}

// Puts what the class declares over what it inherits.
template <class T>
std::vector<T> merged(const std::vector<T>& inherited, const std::vector<T>& own,
                      const std::string& origin) {
    std::vector<T> result = inherited;
    for (T element : own) {
        element.origin = origin;
        const auto overridden = std::find_if(result.begin(), result.end(), [&](const T& other) {
            return same_name(other.name, element.name);
        });
        if (overridden == result.end()) {
            result.push_back(std::move(element));
        } else {
            inherit_qualifiers(element.qualifiers, overridden->qualifiers);
            *overridden = std::move(element);
        }
    }
    return result;
}

}  // namespace

Schema::Schema(std::string_view name_space) : name_space_(normal_namespace(name_space)) {}

void Schema::add(Class declared) {
    if (classes_.size() == limits::mof_classes_max) {
        fail(Code::out_of_memory, "a schema has at most {} classes", limits::mof_classes_max);
    }
    if (!by_name_.emplace(declared.name, classes_.size()).second) {
        fail(Code::exists, "the class {} is declared twice", declared.name);
    }
    classes_.push_back(std::move(declared));
}

void Schema::resolve() {
    resolved_.assign(classes_.size(), false);
    for (Class& declared : classes_) resolve_class(declared, 0);
    for (const Class& declared : classes_) check_references(declared);
}

void Schema::resolve_class(Class& declared, std::size_t depth) {
    const std::size_t index = by_name_.find(declared.name)->second;
    if (resolved_[index]) return;
    if (depth > limits::class_depth_max) {
        fail(Code::invalid_parameter, "{} has too many superclasses, or is its own", declared.name);
    }
    if (!declared.superclass.empty()) {
        const auto found = by_name_.find(declared.superclass);
        if (found == by_name_.end()) {
            fail(Code::invalid_parameter, "{} derives from {}, which is not declared",
                 declared.name, declared.superclass);
        }
        Class& superclass = classes_[found->second];
        resolve_class(superclass, depth + 1);
        declared.superclass = superclass.name;
        declared.properties = merged(superclass.properties, declared.own_properties, declared.name);
        declared.methods = merged(superclass.methods, declared.own_methods, declared.name);
        for (const char* inherited : {"Association", "Indication"}) {
            if (superclass.qualifiers.flag(inherited)) declared.qualifiers.set(inherited, true);
        }
    } else {
        declared.properties = merged<Property>({}, declared.own_properties, declared.name);
        declared.methods = merged<Method>({}, declared.own_methods, declared.name);
    }
    resolved_[index] = true;
}

void Schema::check_references(const Class& declared) const {
    const auto check = [&](const Element& element) {
        if (element.type == Type::reference && !find(element.ref_class)) {
            fail(Code::invalid_parameter, "{}.{} refers to {}, which is not declared",
                 declared.name, element.name, element.ref_class);
        }
    };
    for (const Property& property : declared.own_properties) check(property);
    for (const Method& method : declared.own_methods) {
        for (const Parameter& parameter : method.parameters) check(parameter);
    }
}

const Class* Schema::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &classes_[found->second];
}

const Class& Schema::get(std::string_view name) const {
    if (const Class* found = find(name)) return *found;
    fail(Code::not_found, "there is no class {} in {}", name, name_space_);
}

bool Schema::derives(std::string_view name, std::string_view ancestor) const {
    for (const Class* at = find(name); at; at = find(at->superclass)) {
        if (same_name(at->name, ancestor)) return true;
    }
    return false;
}

std::vector<const Class*> Schema::ancestors(const Class& of) const {
    std::vector<const Class*> result;
    for (const Class* at = find(of.superclass); at; at = find(at->superclass)) result.push_back(at);
    return result;
}

std::vector<const Class*> Schema::with_subclasses(const Class& of) const {
    std::vector<const Class*> result = {&of};
    for (const Class& candidate : classes_) {
        if (&candidate != &of && derives(candidate.name, of.name)) result.push_back(&candidate);
    }
    return result;
}

ObjectPath Schema::path_of(const Instance& instance) const {
    const Class& its_class = get(instance.class_name());
    ObjectPath path(its_class.name);
    path.set_name_space(name_space_);
    for (const Property* key : its_class.keys()) path.set_key(key->name, instance.get(key->name));
    return path;
}

}  // namespace reviver::cim
