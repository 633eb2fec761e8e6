#include "site/users.h"

#include "base/bytes.h"
#include "base/error.h"
#include "site/config.h"
#include "sys/descriptor.h"
#include "sys/world.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace reviver::site {
namespace {

namespace fs = std::filesystem;

// On the directory and not on the file, which is another one after each change.
class DirectoryLock {
  public:
    explicit DirectoryLock(const fs::path& directory)
        : directory_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (!directory_ || ::flock(directory_.get(), LOCK_EX) != 0) {
            fail_errno(errno, "cannot lock " + directory.string());
        }
    }

  private:
    sys::Descriptor directory_;
};

auto account_named(std::vector<server::Account>& accounts, const std::string& name) {
    return std::find_if(accounts.begin(), accounts.end(),
                        [&](const server::Account& account) { return account.name == name; });
}

bool is_administrator(const server::Account& account) {
    return account.roles.contains(cim::Role::administrator);
}

[[noreturn]] void fail_nobody(const std::string& name, const fs::path& file) {
    fail(Code::not_found, "{} has no account \"{}\"; `reviver user list` shows who there is",
         file.string(), name);
}

}  // namespace

Users::Users(const Layout& layout)
    : layout_(layout), file_(load_config(layout.config()).management.accounts) {}

std::vector<server::Account> Users::list() const {
    return server::read_accounts(file_);
}

void Users::require_owner() const {
    struct stat status {};
    if (::stat(file_.c_str(), &status) != 0) fail_errno(errno, "cannot use " + file_.string());
    if (status.st_uid == ::geteuid()) return;
    fail(Code::access_denied, "{} belongs to user id {}; run this as that user, for example: {}",
         file_.string(), status.st_uid,
         fmt::format("setpriv --reuid {} --regid {} --clear-groups reviver ...", status.st_uid,
                     status.st_gid));
}

// Reads, changes and writes under the lock. An administrator stays.
template <class Change>
void Users::change(const std::string& name, Change change) {
    require_owner();
    DirectoryLock lock(file_.parent_path());
    Accounts accounts = list();
    const auto account = account_named(accounts, name);
    if (account == accounts.end()) fail_nobody(name, file_);
    change(accounts, account);
    if (std::none_of(accounts.begin(), accounts.end(), is_administrator)) {
        fail(Code::invalid_state,
             "\"{}\" is the only administrator; make another one first: reviver user add NAME "
             "--role administrator",
             name);
    }
    server::write_accounts(file_, accounts);
}

void Users::add(const std::string& name, const std::optional<std::string>& password,
                const std::set<cim::Role>& roles) {
    require_owner();
    DirectoryLock lock(file_.parent_path());
    Accounts accounts = list();
    if (account_named(accounts, name) != accounts.end()) {
        fail(Code::exists, "{} has an account \"{}\" already; `reviver user passwd` changes it",
             file_.string(), name);
    }
    server::Account account{name, std::nullopt, roles};
    if (password) account.password = server::PasswordHash::of(*password);
    accounts.push_back(std::move(account));
    server::write_accounts(file_, accounts);
}

void Users::set_password(const std::string& name, const std::string& password) {
    change(name, [&](Accounts&, auto account) {
        account->password = server::PasswordHash::of(password);
    });
    if (name != first_administrator || !fs::exists(layout_.admin_password())) return;
    sys::replace_file(sys::linux_world().files, layout_.admin_password(),
                      bytes_of(password + "\n"));
}

void Users::set_roles(const std::string& name, const std::set<cim::Role>& roles) {
    change(name, [&](Accounts&, auto account) { account->roles = roles; });
}

void Users::remove(const std::string& name) {
    change(name, [](Accounts& accounts, auto account) { accounts.erase(account); });
    if (name == first_administrator) fs::remove(layout_.admin_password());
}

void Users::add_proof(const std::string& name, const std::string& proof) {
    change(name, [&](Accounts& accounts, auto account) {
        for (const server::Account& other : accounts) {
            if (std::count(other.proofs.begin(), other.proofs.end(), proof) == 0) continue;
            fail(Code::exists, "the account \"{}\" has {} already", other.name, proof);
        }
        account->proofs.push_back(proof);
    });
}

void Users::remove_proofs(const std::string& name) {
    change(name, [](Accounts&, auto account) { account->proofs.clear(); });
}

}  // namespace reviver::site
