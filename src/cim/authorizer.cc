#include "cim/authorizer.h"

#include <algorithm>

namespace reviver::cim {

void RoleAuthorizer::grant(const std::string& class_name, const std::string& method, Role least) {
    granted_[method][class_name].insert(least);
}

std::set<Role> RoleAuthorizer::granted(const Class& of, const Method& method) const {
    const auto of_method = granted_.find(method.name);
    if (of_method != granted_.end()) {
        for (const std::string& name : {of.name, method.origin}) {
            const auto found = of_method->second.find(name);
            if (found != of_method->second.end()) return found->second;
        }
    }
    return {Role::administrator};
}

bool RoleAuthorizer::may_read(const Principal& who, const Class&) const {
    return who.may_act_as(Role::viewer);
}

bool RoleAuthorizer::may_invoke(const Principal& who, const Class& of, const Method& method) const {
    const std::set<Role> roles = granted(of, method);
    return std::any_of(roles.begin(), roles.end(), [&](Role role) { return who.may_act_as(role); });
}

bool RoleAuthorizer::only_reads(const Class& of, const Method& method) const {
    return granted(of, method).contains(Role::viewer);
}

}  // namespace reviver::cim
