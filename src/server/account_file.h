// The accounts file as the server uses it: read again when it was replaced or written, with the
// next question. A file that cannot be read lets nobody in, and the log says why. What differs from
// the reading before is told, before anybody comes in by it.
//
// Threads: any; `told` is called by the one that asks.
#pragma once

#include "server/account_changes.h"
#include "server/accounts.h"
#include "server/file_stamp.h"

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace reviver::server {

class AccountFile {
  public:
    using Told = std::function<void(const AccountChange&)>;

    // Error when it cannot be read: at start somebody is there to be told.
    explicit AccountFile(std::filesystem::path path, Told told = {});

    std::vector<Account> all();

    std::optional<Account> find(std::string_view name);
    // The one account that has this proof; none when several have.
    std::optional<Account> find_by_proof(std::string_view proof);

  private:
    void refresh();

    std::filesystem::path path_;
    std::mutex mutex_;
    Told told_;
    std::vector<Account> accounts_;
    std::vector<Account> last_read_;  // the same, or those of before the file could not be read
    FileStamp stamp_{};
};

}  // namespace reviver::server
