// The accounts of a site, changed in its files: no daemon is needed, and one that runs sees the
// change at the next login.
//
// Files are replaced as a whole by rename, with mode 0600, under a lock on their directory, so that
// two changes at a time are both made. The first administrator's password lies beside in a file of
// its own (Layout::admin_password), where reviver(1) reads it: it follows the account.
//
// Errors: Code::access_denied for who does not own the file: a file of another owner could not be
// read by the daemon.
#pragma once

#include "server/accounts.h"
#include "site/layout.h"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace reviver::site {

class Users {
  public:
    explicit Users(const Layout& layout);  // reads the configuration

    std::vector<server::Account> list() const;
    // Code::exists when the name is taken. Without a password he needs another proof.
    void add(const std::string& name, const std::optional<std::string>& password,
             const std::set<cim::Role>& roles);
    // Code::not_found for nobody.
    void set_password(const std::string& name, const std::string& password);
    // Code::not_found for nobody, Code::invalid_state for the last administrator: nobody could
    // repair that from outside.
    void set_roles(const std::string& name, const std::set<cim::Role>& roles);
    void remove(const std::string& name);
    // Code::not_found for nobody, Code::exists when another account has the proof.
    void add_proof(const std::string& name, const std::string& proof);
    void remove_proofs(const std::string& name);

  private:
    using Accounts = std::vector<server::Account>;

    template <class Change>
    void change(const std::string& name, Change change);
    void require_owner() const;

    Layout layout_;
    std::filesystem::path file_;
};

}  // namespace reviver::site
