// The accounts file as the server uses it: read again when it was replaced or written. A file that
// cannot be read lets nobody in, and the log says why.
//
// Threads: any.
#pragma once

#include "server/accounts.h"

#include <array>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace reviver::server {

class AccountFile {
  public:
    // Error when it cannot be read: at start somebody is there to be told.
    explicit AccountFile(std::filesystem::path path);

    std::optional<Account> find(std::string_view name);
    // The one account that has this proof; none when several have.
    std::optional<Account> find_by_proof(std::string_view proof);

  private:
    using Stamp = std::array<std::int64_t, 5>;

    Stamp stamp() const;
    void refresh();

    std::filesystem::path path_;
    std::mutex mutex_;
    std::vector<Account> accounts_;
    Stamp stamp_{};
};

}  // namespace reviver::server
