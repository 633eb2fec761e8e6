#include "server/account_file.h"

#include "base/error.h"
#include "base/log.h"

#include <algorithm>

namespace reviver::server {

AccountFile::AccountFile(std::filesystem::path path, Told told)
    : path_(std::move(path)), told_(std::move(told)) {
    stamp_ = stamp_of(path_);
    last_read_ = accounts_ = read_accounts(path_);
}

std::vector<Account> AccountFile::all() {
    const std::lock_guard lock(mutex_);
    refresh();
    return accounts_;
}

std::optional<Account> AccountFile::find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    refresh();
    for (const Account& account : accounts_) {
        if (account.name == name) return account;
    }
    return std::nullopt;
}

std::optional<Account> AccountFile::find_by_proof(std::string_view proof) {
    const std::lock_guard lock(mutex_);
    refresh();
    std::optional<Account> found;
    for (const Account& account : accounts_) {
        if (std::count(account.proofs.begin(), account.proofs.end(), proof) == 0) continue;
        if (found) return std::nullopt;
        found = account;
    }
    return found;
}

void AccountFile::refresh() {
    const FileStamp now = stamp_of(path_);
    if (now == stamp_) return;
    stamp_ = now;
    accounts_.clear();
    try {
        accounts_ = read_accounts(path_);
        log_info("read {} accounts from {}", accounts_.size(), path_.string());
    } catch (const Error& error) {
        log_error("nobody can log in: {}", error.what());
        if (told_) told_({"", "unreadable"});
        return;
    }
    if (told_) {
        for (const AccountChange& change : changes_between(last_read_, accounts_)) told_(change);
    }
    last_read_ = accounts_;
}

}  // namespace reviver::server
