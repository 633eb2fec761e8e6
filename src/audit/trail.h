// What the doors tell of changes and of logins that were refused, and what becomes of the accounts,
// as lines of the audit log.
// Arguments of calls are never among it: they may hold what only the caller may know.
#pragma once

#include "audit/audit_log.h"
#include "cim/audit_trail.h"
#include "cim/names.h"
#include "server/account_changes.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>

namespace reviver::audit {

class Trail : public cim::AuditTrail {
  public:
    using Methods = std::set<std::string, cim::NameLess>;

    // Begins with a line that the daemon has started; when that cannot be kept, the daemon's log
    // says so and changes are refused, but for `emergency` methods: those go on, and what cannot be
    // kept of them goes to the daemon's log. The next line that is kept tells how many they were.
    Trail(std::shared_ptr<AuditLog> log, const std::string& version, Methods emergency = {});

    void refused(const cim::Principal& who, const cim::ObjectPath& object, std::string_view method,
                 cim::Status status) noexcept override;
    std::uint64_t asked(const cim::Principal& who, const cim::ObjectPath& object,
                        std::string_view method) override;
    void answered(std::uint64_t call, const cim::Ending& ending) noexcept override;
    void turned_away(const cim::Origin& origin, std::string_view as,
                     std::string_view why) noexcept override;

    // Who may come in when the daemon begins, and what of that changes while it runs.
    void accounts(const std::vector<server::Account>& all) noexcept;
    void account_changed(const server::AccountChange& change) noexcept;

  private:
    using Clock = std::chrono::steady_clock;

    void note_unkept(const boost::json::object& what, const char* why) noexcept;
    void keep(const boost::json::object& what) noexcept;
    // What strangers can have written as often as they like, so not all of it is.
    void keep_some(boost::json::object what) noexcept;
    bool may_tell_of_one_more();

    std::shared_ptr<AuditLog> log_;
    const Methods emergency_;
    std::atomic<std::uint64_t> unkept_{0};
    std::mutex mutex_;
    Clock::time_point window_end_;
    std::size_t told_ = 0;  // in this window
    std::uint64_t left_out_ = 0;
};

}  // namespace reviver::audit
