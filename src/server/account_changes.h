// What differs between two readings of the accounts file, as it may be told: that a password is
// another one, never what it is kept as.
#pragma once

#include "server/accounts.h"

#include <string>
#include <vector>

namespace reviver::server {

struct AccountChange {
    std::string account;  // "": the file cannot be read, and nobody comes in
    std::string change;   // "added", "removed", "roles", "password", "certificates", "unreadable"
    std::string roles = {};
    std::string proofs = {};  // as they are afterwards, by commas
};

// Those that are gone first; an account may have changed in several ways.
std::vector<AccountChange> changes_between(const std::vector<Account>& before,
                                           const std::vector<Account>& after);

std::string roles_text(const Account& account);  // by commas

}  // namespace reviver::server
