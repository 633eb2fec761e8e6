#include "cim/provider.h"

namespace reviver::cim {

std::string_view name_of(Role role) {
    switch (role) {
        case Role::viewer:
            return "viewer";
        case Role::operate:
            return "operator";
        case Role::administrator:
            return "administrator";
        case Role::auditor:
            return "auditor";
        case Role::peer:
            return "peer";
    }
    return "";
}

std::optional<Role> role_named(std::string_view name) {
    for (const Role role :
         {Role::viewer, Role::operate, Role::administrator, Role::auditor, Role::peer}) {
        if (name == name_of(role)) return role;
    }
    return std::nullopt;
}

const Value& Call::argument(std::string_view name) const {
    static const Value null;
    const auto found = in.find(name);
    return found == in.end() ? null : found->second;
}

void Registry::bind_class(std::string_view class_name, std::shared_ptr<InstanceSource> source) {
    sources_[schema_->get(class_name).name] = std::move(source);
}

void Registry::bind_method(std::string_view class_name, std::string_view method,
                           MethodHandler handler) {
    const Class& its_class = schema_->get(class_name);
    const Method* declared = its_class.find_method(method);
    if (!declared) fail(Code::not_found, "{} has no method {}", its_class.name, method);
    handlers_[its_class.name][declared->name] = std::move(handler);
}

InstanceSource* Registry::source_of(const Class& exactly) const {
    const auto found = sources_.find(exactly.name);
    return found == sources_.end() ? nullptr : found->second.get();
}

const MethodHandler* Registry::handler_of(const Class& of, std::string_view method) const {
    for (const Class* at = &of; at; at = schema_->find(at->superclass)) {
        const auto of_class = handlers_.find(at->name);
        if (of_class == handlers_.end()) continue;
        const auto found = of_class->second.find(method);
        if (found != of_class->second.end()) return &found->second;
    }
    return nullptr;
}

Principal::Principal(std::string name, std::set<Role> roles, Origin origin)
    : name_(std::move(name)), roles_(std::move(roles)), origin_(std::move(origin)) {
    if (name_.empty() || roles_.empty()) {
        fail(Code::access_denied, "whoever has no name or no role may not come in");
    }
}

bool Principal::may_act_as(Role role) const {
    if (roles_.contains(role)) return true;
    switch (role) {
        case Role::viewer:
            return may_act_as(Role::operate) || roles_.contains(Role::auditor);
        case Role::operate:
            return roles_.contains(Role::administrator);
        default:
            return false;
    }
}

}  // namespace reviver::cim
