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
#include <type_traits>
#include <vector>

namespace reviver::cim {

// Viewer, operator and administrator are ordered: each may what those before it may. The others
// stand beside them; an account may have several roles.
enum class Role : std::uint8_t {
    viewer = 1,
    operate = 2,
    administrator = 3,
    auditor = 4,  // reads what a viewer reads, and the audit log; changes nothing
    peer = 5,     // the other site: only what it is granted by name
};

std::string_view name_of(Role role);  // "viewer", "operator", "administrator", "auditor", "peer"
std::optional<Role> role_named(std::string_view name);

// Where a request came from.
struct Origin {
    std::string address;  // of the client: "127.0.0.1"
    std::string door;     // the path that it asked for: "/wsman"
};

// Somebody who has proved who he is. There is no default, and none without a name or without a
// role (Error(access_denied)): nobody is a Principal by forgetting to check.
class Principal {
  public:
    Principal(std::string name, std::set<Role> roles, Origin origin = {});

    const std::string& name() const { return name_; }
    const Origin& origin() const { return origin_; }
    Principal from(Origin origin) const { return {name_, roles_, std::move(origin)}; }
    // Whether one of his roles is this one, or one that may all that this one may.
    bool may_act_as(Role role) const;

  private:
    std::string name_;
    std::set<Role> roles_;
    Origin origin_;
};
static_assert(!std::is_default_constructible_v<Principal>);

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
