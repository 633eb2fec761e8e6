// Who may do what. Asked with the class and method that a request was resolved to, never with the
// text of the request, so that no spelling of a name leads around it.
#pragma once

#include "cim/provider.h"

#include <map>
#include <set>
#include <string>

namespace reviver::cim {

class Authorizer {
  public:
    virtual ~Authorizer() = default;
    virtual bool may_read(const Principal& who, const Class& of) const = 0;
    virtual bool may_invoke(const Principal& who, const Class& of, const Method& method) const = 0;
    // Whether the method is one that looks and changes nothing: such calls are not audited, and
    // served while nothing may be changed.
    virtual bool only_reads(const Class& of, const Method& method) const = 0;
};

// Reading asks for a viewer; a method asks for one of the roles that were granted it, and for an
// administrator when none was. What a viewer may call only reads. Thread-safe once the grants are
// made.
class RoleAuthorizer : public Authorizer {
  public:
    // `method` of `class_name` and its subclasses may be called by `least` and above; also by
    // others that it is granted.
    void grant(const std::string& class_name, const std::string& method, Role least);

    bool may_read(const Principal& who, const Class& of) const override;
    bool may_invoke(const Principal& who, const Class& of, const Method& method) const override;
    bool only_reads(const Class& of, const Method& method) const override;

  private:
    std::set<Role> granted(const Class& of, const Method& method) const;

    std::map<std::string, std::map<std::string, std::set<Role>, NameLess>, NameLess> granted_;
};

}  // namespace reviver::cim
