// The object model as every door sees it: all operations on all namespaces, checked against the
// schema and the Authorizer before a provider hears of them. Errors are CimError; those of
// providers are turned into it.
//
// Threads: everything const may be called by any thread at once, after the namespaces were added.
#pragma once

#include "cim/association_filter.h"
#include "cim/audit_trail.h"
#include "cim/authorizer.h"
#include "cim/provider.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

enum class Polymorphism : std::uint8_t {
    include_subclass_properties,  // instances of subclasses too, with all they have
    exclude_subclass_properties,  // instances of subclasses too, as instances of the class asked
                                  // for
    none,                         // only instances of exactly this class
};

// An instance and the name of the object that it shows; after a cast to an ancestor the name is
// still that of the real class.
struct Found {
    ObjectPath path;
    Instance instance;
};

struct QueryResult {
    std::string from;  // the class that was asked for; empty: neighbours of an object were
    std::vector<Found> found;
};

// What a call would be made on.
struct Callee {
    ObjectPath object;
    const Method* method;  // of the real class
};

class ObjectManager {
  public:
    // Without a trail nothing is audited.
    explicit ObjectManager(std::shared_ptr<const Authorizer> authorizer,
                           std::shared_ptr<AuditTrail> trail = nullptr)
        : authorizer_(std::move(authorizer)), trail_(std::move(trail)) {}

    void add_namespace(Registry registry);  // the first one is the default

    std::vector<std::string> namespaces() const;  // in the order in which they were added
    const Schema& schema(
        std::string_view name_space) const;  // empty: the default. Status invalid_namespace

    // The classes that this caller may read: one of them, or all.
    const Class& get_class(const Principal& who, std::string_view name_space,
                           std::string_view class_name) const;
    std::vector<const Class*> classes(const Principal& who, std::string_view name_space) const;

    // `path` may name an ancestor of the real class. Its keys are those of the class; without keys
    // it names the only instance there is, and more than one is invalid_parameter.
    Instance get(const Principal& who, const ObjectPath& path) const;
    std::vector<Found> enumerate(const Principal& who, std::string_view name_space,
                                 std::string_view class_name, Polymorphism mode) const;
    // For doors that need the method to read the arguments. Who may not call it is told that before
    // anything is said of the object or the arguments. A refusal is in the audit trail.
    Callee callee(const Principal& who, const ObjectPath& path, std::string_view method) const;
    // Arguments as the door read them: scalars as text or typed, references as paths, embedded
    // instances as Instance or text. A call that may change something is in the audit trail before
    // it is made, and its ending before this returns or throws.
    MethodResult invoke(const Principal& who, const ObjectPath& path, std::string_view method,
                        const Arguments& in) const;
    // The associations that name `path`, and the objects at their other ends.
    std::vector<Found> references(const Principal& who, const ObjectPath& path,
                                  const AssociationFilter& filter) const;
    std::vector<Found> associators(const Principal& who, const ObjectPath& path,
                                   const AssociationFilter& filter) const;

    // SELECT, ASSOCIATORS OF, REFERENCES OF (cim/wql.h). Instances have the properties that were
    // selected. Status invalid_query, invalid_class.
    QueryResult query(const Principal& who, std::string_view name_space,
                      std::string_view text) const;

  private:
    const Registry& registry(std::string_view name_space) const;
    std::optional<Found> get_if_there(const Principal& who, const ObjectPath& path) const;
    bool is_harmless(const Principal& who, const ObjectPath& path, std::string_view method) const;
    Callee resolve(const Principal& who, const ObjectPath& path, std::string_view method) const;
    MethodResult dispatch(const Principal& who, const ObjectPath& path, std::string_view method,
                          const Arguments& in) const;

    std::shared_ptr<const Authorizer> authorizer_;
    std::shared_ptr<AuditTrail> trail_;
    std::vector<Registry> registries_;
};

}  // namespace reviver::cim
