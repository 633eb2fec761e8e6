#include "server/account_file.h"

#include "base/error.h"
#include "base/log.h"

#include <sys/stat.h>

#include <algorithm>

namespace reviver::server {

AccountFile::AccountFile(std::filesystem::path path) : path_(std::move(path)) {
    stamp_ = stamp();
    accounts_ = read_accounts(path_);
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

AccountFile::Stamp AccountFile::stamp() const {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return {};
    return {static_cast<std::int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, static_cast<std::int64_t>(status.st_dev)};
}

void AccountFile::refresh() {
    const Stamp now = stamp();
    if (now == stamp_) return;
    stamp_ = now;
    accounts_.clear();
    try {
        accounts_ = read_accounts(path_);
        log_info("read {} accounts from {}", accounts_.size(), path_.string());
    } catch (const Error& error) {
        log_error("nobody can log in: {}", error.what());
    }
}

}  // namespace reviver::server
