// The classes of one namespace. Built once at start, from MOF, and then only read, by any thread.
//
// Invariants, held once resolve() returned:
//   * Every superclass is in the schema, and no class is its own ancestor.
//   * Class::properties and Class::methods hold what the class declares and inherits.
//   * A reference names a class that is in the schema.
#pragma once

#include "cim/class.h"
#include "cim/names.h"
#include "cim/object_path.h"

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

class Schema {
  public:
    explicit Schema(std::string_view name_space);

    const std::string& name_space() const { return name_space_; }
    void add(Class declared);  // Error(exists) when the name is taken
    void resolve();            // Error(invalid_parameter) names what is missing

    const Class* find(std::string_view name) const;
    const Class& get(std::string_view name) const;                 // Error(not_found)
    const std::deque<Class>& classes() const { return classes_; }  // as declared

    bool derives(std::string_view name,
                 std::string_view ancestor) const;               // also true for the class itself
    std::vector<const Class*> ancestors(const Class& of) const;  // nearest first
    std::vector<const Class*> with_subclasses(
        const Class& of) const;  // the class first, all generations

    // The path of an instance by the keys of its class; a key that is not set becomes null.
    ObjectPath path_of(const Instance& instance) const;

  private:
    void resolve_class(Class& declared, std::size_t depth);
    void check_references(const Class& declared) const;

    std::string name_space_;
    std::deque<Class> classes_;  // a deque: pointers to classes stay valid
    std::map<std::string, std::size_t, NameLess> by_name_;
    std::vector<bool> resolved_;
};

}  // namespace reviver::cim
