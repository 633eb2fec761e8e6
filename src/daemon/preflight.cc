#include "daemon/preflight.h"

#include "base/error.h"
#include "base/log.h"
#include "server/accounts.h"
#include "site/certificate.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace reviver::daemon {
namespace {

void check_accounts(const std::filesystem::path& file) {
    if (server::read_accounts(file).empty()) {
        fail(Code::invalid_parameter, "{} has no account; nobody could administer this site",
             file.string());
    }
}

void check_data_directory(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
        fail_errno(errno, "cannot use the data directory " + directory.string());
    }
}

}  // namespace

void check_what_it_names(const site::Config& config) {
    site::check_key_pair(config.peer.certificate, config.peer.key);
    site::check_key_pair(config.management.certificate, config.management.key);
    check_accounts(config.management.accounts);
    check_data_directory(config.data_dir);
}

void warn_of_open_secrets(const site::Config& config) {
    for (const auto& file : {config.peer.key, config.management.key, config.management.accounts,
                             config.management.keytab}) {
        struct stat status {};
        bool open = ::stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0;
        if (open) log_warning("{} can be read by others; chmod 600 it", file.string());
    }
}

}  // namespace reviver::daemon
