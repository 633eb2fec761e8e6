#include "cim/authorizer.h"

namespace reviver::cim {

void RoleAuthorizer::grant(const std::string& class_name, const std::string& method, Role least) {
    least_[method][class_name] = least;
}

bool RoleAuthorizer::may_read(const Principal& who, const Class&) const {
    return who.may_act_as(Role::viewer);
}

bool RoleAuthorizer::may_invoke(const Principal& who, const Class& of, const Method& method) const {
    const auto of_method = least_.find(method.name);
    if (of_method != least_.end()) {
        for (const std::string& name : {of.name, method.origin}) {
            const auto found = of_method->second.find(name);
            if (found != of_method->second.end()) return who.may_act_as(found->second);
        }
    }
    return who.may_act_as(Role::administrator);
}

}  // namespace reviver::cim
