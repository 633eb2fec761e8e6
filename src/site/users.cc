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

void Users::add(const std::string& name, const std::string& password, cim::Role role) {
    require_owner();
    DirectoryLock lock(file_.parent_path());
    std::vector<server::Account> accounts = list();
    if (account_named(accounts, name) != accounts.end()) {
        fail(Code::exists, "{} has an account \"{}\" already; `reviver user passwd` changes it",
             file_.string(), name);
    }
    accounts.push_back({name, server::PasswordHash::of(password), {role}});
    server::write_accounts(file_, accounts);
}

void Users::set_password(const std::string& name, const std::string& password) {
    require_owner();
    DirectoryLock lock(file_.parent_path());
    std::vector<server::Account> accounts = list();
    auto account = account_named(accounts, name);
    if (account == accounts.end()) fail_nobody(name, file_);
    account->password = server::PasswordHash::of(password);
    server::write_accounts(file_, accounts);
    if (name != first_administrator || !fs::exists(layout_.admin_password())) return;
    sys::replace_file(sys::linux_world().files, layout_.admin_password(),
                      bytes_of(password + "\n"));
}

void Users::remove(const std::string& name) {
    require_owner();
    DirectoryLock lock(file_.parent_path());
    std::vector<server::Account> accounts = list();
    auto account = account_named(accounts, name);
    if (account == accounts.end()) fail_nobody(name, file_);
    const bool last = is_administrator(*account) &&
                      std::count_if(accounts.begin(), accounts.end(), is_administrator) == 1;
    if (last) {
        fail(Code::invalid_state,
             "\"{}\" is the only administrator; make another one first: reviver user add NAME "
             "--role administrator",
             name);
    }
    accounts.erase(account);
    server::write_accounts(file_, accounts);
    if (name == first_administrator) fs::remove(layout_.admin_password());
}

}  // namespace reviver::site
