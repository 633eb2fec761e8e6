#include "cim/object_manager.h"

#include "cim/instance_check.h"
#include "cim/limits.h"
#include "cim/wql_match.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::cim {

namespace {

template <class... Args>
[[noreturn]] void fail_as(Status status, fmt::format_string<Args...> format, Args&&... args) {
    throw CimError(status, fmt::format(format, std::forward<Args>(args)...));
}

const Class& class_of(const Schema& schema, std::string_view name) {
    if (const Class* found = schema.find(name)) return *found;
    fail_as(Status::invalid_class, "there is no class {} in {}", name, schema.name_space());
}

// Runs what a provider wrote and turns its errors into CIM's.
template <class Work>
auto provided(Work work) {
    try {
        return work();
    } catch (const CimError&) {
        throw;
    } catch (const Error& error) {
        throw CimError(status_of(error.code()), error.what());
    }
}

Instance cast_to(const Class& wanted, const Instance& instance) {
    Instance result(wanted.name);
    for (const NamedValue& property : instance.properties()) {
        if (wanted.find_property(property.name)) result.set(property.name, property.value);
    }
    return result;
}

// What a provider gave, with every property of its class in the order of the schema. What the
// schema does not allow is a mistake of the provider, not of the caller.
Instance complete(const Schema& schema, const Instance& given) {
    Instance result(given.class_name());
    try {
        const Instance checked = checked_instance(schema, given);
        for (const Property& property : schema.get(given.class_name()).properties) {
            result.set(property.name, checked.get(property.name));
        }
    } catch (const Error& error) {
        fail_as(Status::failed, "{} is not as declared: {}", given.class_name(), error.what());
    }
    return result;
}

// The instances of exactly the given class.
std::vector<Instance> instances_of(const Registry& registry, const Class& exactly) {
    InstanceSource* source = registry.source_of(exactly);
    if (!source) return {};
    std::vector<Instance> result = provided([&] { return source->enumerate(exactly.name); });
    for (Instance& instance : result) instance = complete(registry.schema(), instance);
    return result;
}

// The one instance that there is of a class and its subclasses, for objects that are named by their
// class alone.
Instance only_instance(const Registry& registry, const Class& named) {
    std::vector<Instance> found;
    for (const Class* candidate : registry.schema().with_subclasses(named)) {
        for (Instance& instance : instances_of(registry, *candidate)) {
            found.push_back(std::move(instance));
        }
        if (found.size() > 1) {
            fail_as(Status::invalid_parameter, "{} has several instances: name one by its keys",
                    named.name);
        }
    }
    if (found.empty()) fail_as(Status::not_found, "there is no instance of {}", named.name);
    return std::move(found.front());
}

// Looks the path up in its class, then in the subclasses: the name of an ancestor names the object
// too.
Instance find_instance(const Registry& registry, const ObjectPath& sent) {
    const Schema& schema = registry.schema();
    const Class& named = class_of(schema, sent.class_name());
    if (sent.keys().empty()) return only_instance(registry, named);
    std::optional<CimError> refusal;
    bool understood = false;
    for (const Class* candidate : schema.with_subclasses(named)) {
        InstanceSource* source = registry.source_of(*candidate);
        if (!source) continue;
        ObjectPath path = sent;
        path.set_class_name(candidate->name);
        try {
            path = checked_path(schema, path);
        } catch (const CimError& error) {
            if (!refusal) refusal = error;
            continue;
        }
        understood = true;
        if (auto found = provided([&] { return source->get(path); })) {
            return complete(schema, *found);
        }
    }
    if (refusal && !understood) throw CimError(*refusal);
    checked_path(schema, sent);
    fail_as(Status::not_found, "there is no {}", sent.text());
}

// A service is what there is one of at a site, by its nature, so that it needs no keys to be meant.
// Of a VM or a job there may be one by chance, and who left its keys out did not mean that one.
void require_keys_unless_service(const Schema& schema, const Class& named, const ObjectPath& path) {
    constexpr const char* service = "CIM_Service";
    if (!path.keys().empty() || !schema.find(service) || schema.derives(named.name, service))
        return;
    fail_as(Status::invalid_parameter, "name the {} whose method is called by its keys",
            named.name);
}

Arguments checked_arguments(const Schema& schema, const Method& method, const Arguments& sent) {
    Arguments result;
    for (const auto& [name, value] : sent) {
        const Parameter* parameter = method.find(name);
        if (!parameter || !parameter->in()) {
            fail_as(Status::invalid_parameter, "{} has no in-parameter {}", method.name, name);
        }
    }
    for (const Parameter& parameter : method.parameters) {
        if (!parameter.in()) continue;
        const auto given = sent.find(parameter.name);
        result.emplace(parameter.name,
                       given == sent.end() ? Value() : convert(schema, parameter, given->second));
    }
    return result;
}

// What a handler gave, in the declared types.
void check_result(const Schema& schema, const Method& method, MethodResult& result) {
    for (auto& [name, value] : result.out) {
        const Parameter* parameter = method.find(name);
        if (!parameter || !parameter->out()) {
            fail_as(Status::failed, "{} gave {}, which it has not", method.name, name);
        }
        try {
            value = convert(schema, *parameter, value);
        } catch (const CimError& error) {
            fail_as(Status::failed, "{} gave what is not declared: {}", method.name, error.what());
        }
    }
}

std::string job_of(const MethodResult& result) {
    const auto job = result.out.find("Job");
    const bool named = job != result.out.end() && !job->second.is_null() &&
                       !job->second.is_array() && job->second.type() == Type::reference;
    return named ? job->second.as_reference().text() : std::string();
}

// The other ends of an association instance, as seen from `from`.
struct Ends {
    std::vector<NamedValue> others;
    bool names_object = false;
};

Ends ends_seen_from(const Instance& association, const ObjectPath& from,
                    const AssociationFilter& filter) {
    Ends ends;
    for (const NamedValue& property : association.properties()) {
        const Value& value = property.value;
        if (value.is_null() || value.is_array() || value.type() != Type::reference) continue;
        const bool role_fits = filter.role.empty() || same_name(filter.role, property.name);
        if (!ends.names_object && role_fits && value.as_reference().same_object(from)) {
            ends.names_object = true;
        } else {
            ends.others.push_back(property);
        }
    }
    return ends;
}

// A class that a filter names. One that is not there is a mistake, not a filter that nothing
// passes.
void check_class(const Schema& schema, const std::string& name) {
    if (!name.empty() && !schema.find(name)) {
        fail_as(Status::invalid_parameter, "there is no class {} in {}", name, schema.name_space());
    }
}

void keep_selected(const Schema& schema, const wql::Select& select, std::vector<Found>& found) {
    if (select.properties.empty()) return;
    const Class& from = schema.get(select.from);
    std::vector<std::string> names;
    for (const std::string& name : select.properties) {
        const Property* property = from.find_property(name);
        if (property) names.push_back(property->name);
        if (property || wql::is_system_property(name)) continue;
        fail_as(Status::invalid_query, "{} has no property {}", from.name, name);
    }
    for (Found& one : found) {
        Instance kept(one.instance.class_name());
        for (const std::string& name : names) kept.set(name, one.instance.get(name));
        one.instance = std::move(kept);
    }
}

}  // namespace

void ObjectManager::add_namespace(Registry registry) {
    registries_.push_back(std::move(registry));
}

std::vector<std::string> ObjectManager::namespaces() const {
    std::vector<std::string> result;
    for (const Registry& one : registries_) result.push_back(one.schema().name_space());
    return result;
}

const Schema& ObjectManager::schema(std::string_view name_space) const {
    return registry(name_space).schema();
}

const Registry& ObjectManager::registry(std::string_view name_space) const {
    const std::string wanted = normal_namespace(name_space);
    for (const Registry& candidate : registries_) {
        if (wanted.empty() || same_name(candidate.schema().name_space(), wanted)) return candidate;
    }
    fail_as(Status::invalid_namespace, "there is no namespace {}", wanted);
}

const Class& ObjectManager::get_class(const Principal& who, std::string_view name_space,
                                      std::string_view class_name) const {
    const Class& found = class_of(schema(name_space), class_name);
    if (!authorizer_->may_read(who, found)) {
        fail_as(Status::access_denied, "{} may not read {}", who.name(), found.name);
    }
    return found;
}

std::vector<const Class*> ObjectManager::classes(const Principal& who,
                                                 std::string_view name_space) const {
    std::vector<const Class*> result;
    for (const Class& one : schema(name_space).classes()) {
        if (authorizer_->may_read(who, one)) result.push_back(&one);
    }
    if (result.empty()) fail_as(Status::access_denied, "{} may not read classes", who.name());
    return result;
}

Instance ObjectManager::get(const Principal& who, const ObjectPath& path) const {
    const Registry& in = registry(path.name_space());
    if (!authorizer_->may_read(who, class_of(in.schema(), path.class_name()))) {
        fail_as(Status::access_denied, "{} may not read", who.name());
    }
    Instance found = find_instance(in, path);
    if (!authorizer_->may_read(who, class_of(in.schema(), found.class_name()))) {
        fail_as(Status::access_denied, "{} may not read {}", who.name(), found.class_name());
    }
    return found;
}

std::vector<Found> ObjectManager::enumerate(const Principal& who, std::string_view name_space,
                                            std::string_view class_name, Polymorphism mode) const {
    const Registry& in = registry(name_space);
    const Class& wanted = class_of(in.schema(), class_name);
    std::vector<const Class*> classes = {&wanted};
    if (mode != Polymorphism::none) classes = in.schema().with_subclasses(wanted);
    std::vector<Found> result;
    for (const Class* candidate : classes) {
        if (!authorizer_->may_read(who, *candidate)) {
            fail_as(Status::access_denied, "{} may not read {}", who.name(), candidate->name);
        }
        const bool cast = mode == Polymorphism::exclude_subclass_properties;
        for (Instance& instance : instances_of(in, *candidate)) {
            ObjectPath path = in.schema().path_of(instance);
            result.push_back({std::move(path), cast ? cast_to(wanted, instance) : instance});
        }
    }
    return result;
}

// A call that only looks, and that he may make. What cannot be found is not known to be harmless.
bool ObjectManager::is_harmless(const Principal& who, const ObjectPath& path,
                                std::string_view method_name) const {
    try {
        const Schema& in = registry(path.name_space()).schema();
        // The object may turn out to be of any of them.
        const auto classes = in.with_subclasses(class_of(in, path.class_name()));
        return std::all_of(classes.begin(), classes.end(), [&](const Class* of) {
            const Method* method = of->find_method(method_name);
            return method && authorizer_->only_reads(*of, *method) &&
                   authorizer_->may_invoke(who, *of, *method);
        });
    } catch (const CimError&) {
        return false;
    }
}

MethodResult ObjectManager::invoke(const Principal& who, const ObjectPath& path,
                                   std::string_view method, const Arguments& in) const {
    if (!trail_ || is_harmless(who, path, method)) return dispatch(who, path, method, in);
    callee(who, path, method);
    const std::uint64_t call = provided([&] { return trail_->asked(who, path, method); });
    try {
        MethodResult result = dispatch(who, path, method, in);
        trail_->answered(call, {result.return_value, std::nullopt, job_of(result)});
        return result;
    } catch (const CimError& error) {
        trail_->answered(call, {std::nullopt, error.status(), {}});
        throw;
    } catch (const std::exception&) {
        trail_->answered(call, {std::nullopt, Status::failed, {}});
        throw;
    }
}

Callee ObjectManager::callee(const Principal& who, const ObjectPath& path,
                             std::string_view method) const {
    try {
        return resolve(who, path, method);
    } catch (const CimError& error) {
        if (trail_) trail_->refused(who, path, method, error.status());
        throw;
    }
}

Callee ObjectManager::resolve(const Principal& who, const ObjectPath& path,
                              std::string_view method_name) const {
    const Registry& registry_of_path = registry(path.name_space());
    const Schema& schema = registry_of_path.schema();
    const Class& named = class_of(schema, path.class_name());
    const Method* method = named.find_method(method_name);
    if (!method) {
        fail_as(Status::method_not_found, "{} has no method {}", named.name, method_name);
    }
    if (!authorizer_->may_invoke(who, named, *method)) {
        fail_as(Status::access_denied, "{} may not call {}", who.name(), method->name);
    }
    require_keys_unless_service(schema, named, path);
    ObjectPath object = schema.path_of(find_instance(registry_of_path, path));
    const Class& real = schema.get(object.class_name());
    const Method* real_method = real.find_method(method_name);
    if (!authorizer_->may_invoke(who, real, *real_method)) {
        fail_as(Status::access_denied, "{} may not call {}", who.name(), method->name);
    }
    return {std::move(object), real_method};
}

MethodResult ObjectManager::dispatch(const Principal& who, const ObjectPath& path,
                                     std::string_view method_name, const Arguments& in) const {
    const Registry& registry_of_path = registry(path.name_space());
    const Schema& schema = registry_of_path.schema();
    const auto [object, method] = resolve(who, path, method_name);
    const Arguments arguments = checked_arguments(schema, *method, in);
    const Class& real = schema.get(object.class_name());
    const MethodHandler* handler = registry_of_path.handler_of(real, method->name);
    if (!handler) {
        fail_as(Status::method_not_available, "{}.{} is not served here", real.name, method->name);
    }
    const Call call{who, object, method->name, arguments};
    MethodResult result = provided([&] { return (*handler)(call); });
    check_result(schema, *method, result);
    return result;
}

std::vector<Found> ObjectManager::references(const Principal& who, const ObjectPath& path,
                                             const AssociationFilter& filter) const {
    const Registry& in = registry(path.name_space());
    const ObjectPath object = in.schema().path_of(get(who, path));
    check_class(in.schema(), filter.association_class);
    std::vector<Found> result;
    for (const Class& candidate : in.schema().classes()) {
        const bool fits = filter.association_class.empty() ||
                          in.schema().derives(candidate.name, filter.association_class);
        if (!candidate.is_association() || !fits || !authorizer_->may_read(who, candidate))
            continue;
        for (Instance& association : instances_of(in, candidate)) {
            if (ends_seen_from(association, object, filter).names_object) {
                result.push_back({in.schema().path_of(association), association});
            }
        }
    }
    return result;
}

// An association may outlive what it names, or name what is not here: a VM that has a replica and
// was never failed over.
std::optional<Found> ObjectManager::get_if_there(const Principal& who,
                                                 const ObjectPath& path) const {
    try {
        Instance instance = get(who, path);
        ObjectPath name = schema(path.name_space()).path_of(instance);
        return Found{std::move(name), std::move(instance)};
    } catch (const CimError& error) {
        if (error.status() == Status::not_found) return std::nullopt;
        throw;
    }
}

std::vector<Found> ObjectManager::associators(const Principal& who, const ObjectPath& path,
                                              const AssociationFilter& filter) const {
    const Registry& in = registry(path.name_space());
    const ObjectPath object = in.schema().path_of(get(who, path));
    check_class(in.schema(), filter.result_class);
    std::vector<ObjectPath> paths;
    for (const Found& association : references(who, path, filter)) {
        for (const NamedValue& end : ends_seen_from(association.instance, object, filter).others) {
            const ObjectPath& other = end.value.as_reference();
            const bool role_fits =
                filter.result_role.empty() || same_name(filter.result_role, end.name);
            const bool class_fits = filter.result_class.empty() ||
                                    in.schema().derives(other.class_name(), filter.result_class);
            const bool known = std::any_of(paths.begin(), paths.end(), [&](const ObjectPath& one) {
                return one.same_object(other);
            });
            if (role_fits && class_fits && !known) paths.push_back(other);
        }
    }
    std::vector<Found> result;
    for (const ObjectPath& other : paths) {
        if (auto found = get_if_there(who, other)) result.push_back(std::move(*found));
    }
    return result;
}

QueryResult ObjectManager::query(const Principal& who, std::string_view name_space,
                                 std::string_view text) const {
    const Schema& in = schema(name_space);
    wql::Query query = wql::parse(text);
    if (auto* neighbours = std::get_if<wql::Neighbours>(&query)) {
        const std::string& elsewhere = neighbours->object.name_space();
        if (!elsewhere.empty() && !same_name(elsewhere, in.name_space())) {
            // What is found is written by the schema of the namespace that was asked.
            fail_as(Status::invalid_query, "the object is in {}: ask in that namespace", elsewhere);
        }
        neighbours->object.set_name_space(in.name_space());
        return {{},
                neighbours->associations
                    ? references(who, neighbours->object, neighbours->filter)
                    : associators(who, neighbours->object, neighbours->filter)};
    }
    const wql::Select& select = std::get<wql::Select>(query);
    const Class& from = get_class(who, name_space, select.from);
    QueryResult result{from.name, {}};
    std::optional<wql::Condition> where;
    if (select.where) where = wql::checked(in, from, *select.where);
    result.found = enumerate(who, name_space, from.name, Polymorphism::include_subclass_properties);
    if (where) {
        std::erase_if(result.found, [&](const Found& one) {
            return wql::holds(*where, in, one.instance, one.path) != true;
        });
    }
    keep_selected(in, select, result.found);
    return result;
}

}  // namespace reviver::cim
