// The seam between the CIM faces and the live system. A provider gives instances of classes and
// handles methods; it knows no protocol, and no protocol knows it.
//
// Threads: sources and handlers are called from several threads at once, and may block. Errors:
// throw CimError, or any Error, which becomes the CIM status that fits its code. A method that was
// refused for a reason that its ValueMap names returns that number instead of throwing.
#pragma once

#include "cim/cim_error.h"
#include "cim/instance.h"
#include "cim/names.h"
#include "cim/object_path.h"
#include "cim/schema.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

enum class Role : std::uint8_t {
    viewer = 1,
    operate = 2,
    administrator = 3
};  // each may what those before it may

std::string_view name_of(Role role);  // "viewer", "operator", "administrator"
std::optional<Role> role_named(std::string_view name);

// Somebody who has proved who he is. There is no default: nobody is a Principal by forgetting to
// check.
class Principal {
  public:
    Principal(std::string name, std::set<Role> roles)
        : name_(std::move(name)), roles_(std::move(roles)) {}

    const std::string& name() const { return name_; }
    bool may_act_as(Role role) const { return !roles_.empty() && *roles_.rbegin() >= role; }

  private:
    std::string name_;
    std::set<Role> roles_;
};

using Arguments = std::map<std::string, Value, NameLess>;

struct Call {
    const Principal& who;
    ObjectPath object;   // of an instance that exists, with its real class and typed keys
    std::string method;  // as the schema spells it
    // Every in-parameter of the method, converted to its declared type; what the caller left out is
    // null. Embedded instances are Value(Instance), whatever text they came as, and have only
    // properties that their class declares.
    Arguments in;

    const Value& argument(std::string_view name) const;  // null when it is not there
};

struct MethodResult {
    std::uint32_t return_value = 0;
    Arguments
        out;  // out-parameters; those left out are null. Embedded instances as Value(Instance).
};

// Gives the instances of the classes it was bound to.
class InstanceSource {
  public:
    virtual ~InstanceSource() = default;
    // All instances whose class is exactly `class_name`, the spelling of the schema.
    virtual std::vector<Instance> enumerate(const std::string& class_name) = 0;
    // The one instance with this path. `path` has the bound class and all keys, typed.
    virtual std::optional<Instance> get(const ObjectPath& path) = 0;
};

using MethodHandler = std::function<MethodResult(const Call& call)>;

// What is bound to the classes of one schema. Binding a class or method that the schema lacks is
// Error(not_found), so that a misspelt name is found at start. Filled before the first request,
// then only read.
class Registry {
  public:
    explicit Registry(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {}

    void bind_class(std::string_view class_name, std::shared_ptr<InstanceSource> source);
    // For `class_name` and its subclasses; a handler bound to a subclass goes first.
    void bind_method(std::string_view class_name, std::string_view method, MethodHandler handler);

    const Schema& schema() const { return *schema_; }
    InstanceSource* source_of(const Class& exactly) const;  // nullptr: none bound
    const MethodHandler* handler_of(const Class& of, std::string_view method) const;

  private:
    std::shared_ptr<const Schema> schema_;
    std::map<std::string, std::shared_ptr<InstanceSource>, NameLess> sources_;
    std::map<std::string, std::map<std::string, MethodHandler, NameLess>, NameLess> handlers_;
};

}  // namespace reviver::cim
