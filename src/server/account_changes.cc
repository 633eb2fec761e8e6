#include "server/account_changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace reviver::server {

namespace {

using ByName = std::map<std::string, const Account*>;

ByName by_name(const std::vector<Account>& accounts) {
    ByName result;
    for (const Account& account : accounts) result.emplace(account.name, &account);
    return result;
}

std::string kept_as(const Account& account) {
    return account.password ? account.password->text() : "";
}

AccountChange told(const Account& account, std::string change) {
    return {account.name, std::move(change), roles_text(account),
            fmt::format("{}", fmt::join(account.proofs, ","))};
}

void compare(const Account& before, const Account& after, std::vector<AccountChange>& changes) {
    if (before.roles != after.roles) changes.push_back(told(after, "roles"));
    if (kept_as(before) != kept_as(after)) changes.push_back(told(after, "password"));
    if (before.proofs != after.proofs) changes.push_back(told(after, "certificates"));
}

}  // namespace

std::string roles_text(const Account& account) {
    std::vector<std::string_view> names;
    for (const cim::Role role : account.roles) names.push_back(cim::name_of(role));
    return fmt::format("{}", fmt::join(names, ","));
}

std::vector<AccountChange> changes_between(const std::vector<Account>& before,
                                           const std::vector<Account>& after) {
    const ByName old_ones = by_name(before), new_ones = by_name(after);
    std::vector<AccountChange> changes;
    for (const auto& [name, account] : old_ones) {
        if (!new_ones.contains(name)) changes.push_back(told(*account, "removed"));
    }
    for (const auto& [name, account] : new_ones) {
        const auto old_one = old_ones.find(name);
        if (old_one == old_ones.end()) {
            changes.push_back(told(*account, "added"));
        } else {
            compare(*old_one->second, *account, changes);
        }
    }
    return changes;
}

}  // namespace reviver::server
