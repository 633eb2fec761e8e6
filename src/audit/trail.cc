#include "audit/trail.h"

#include "audit/limits.h"
#include "base/error.h"
#include "base/log.h"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace reviver::audit {

namespace {

constexpr std::uint64_t not_kept = 0;  // lines count from 1

// JSON is UTF-8, and what a stranger says may be anything.
std::string plain(std::string_view text) {
    std::string result(text.substr(0, limits::text_bytes_max));
    for (char& c : result) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e) c = '?';
    }
    return result;
}

boost::json::object call_json(const char* event, const cim::Principal& who,
                              const cim::ObjectPath& object, std::string_view method) {
    return {{"event", event},
            {"who", plain(who.name())},
            {"from", plain(who.origin().address)},
            {"door", plain(who.origin().door)},
            {"namespace", plain(object.name_space())},
            {"class", plain(object.class_name())},
            {"method", plain(method)},
            {"object", plain(object.text())}};
}

}  // namespace

Trail::Trail(std::shared_ptr<AuditLog> log, const std::string& version, Methods emergency)
    : log_(std::move(log)), emergency_(std::move(emergency)) {
    keep({{"event", "started"}, {"version", version}});
}

void Trail::refused(const cim::Principal& who, const cim::ObjectPath& object,
                    std::string_view method, cim::Status status) noexcept {
    boost::json::object what = call_json("refused", who, object, method);
    what["status"] = cim::name_of(status);
    keep_some(std::move(what));
}

std::uint64_t Trail::asked(const cim::Principal& who, const cim::ObjectPath& object,
                           std::string_view method) {
    boost::json::object what = call_json("call", who, object, method);
    // Taken out first: of two calls at a time one tells of them.
    const std::uint64_t unkept = unkept_.exchange(0);
    if (unkept > 0) what["unkept_before"] = unkept;
    try {
        return log_->append(what);
    } catch (const Error& error) {
        unkept_ += unkept;
        if (!emergency_.contains(std::string(method))) throw;
        note_unkept(what, error.what());
        ++unkept_;
        return not_kept;
    }
}

void Trail::answered(std::uint64_t call, const cim::Ending& ending) noexcept {
    boost::json::object what{{"event", "result"}, {"call", call}};
    if (ending.return_value) what["return"] = *ending.return_value;
    if (ending.status) what["status"] = cim::name_of(*ending.status);
    if (!ending.job.empty()) what["job"] = plain(ending.job);
    if (call == not_kept) return note_unkept(what, "its call is not in it");
    keep(what);
}

void Trail::turned_away(const cim::Origin& origin, std::string_view as,
                        std::string_view why) noexcept {
    keep_some({{"event", "turned away"},
               {"as", plain(as)},
               {"from", plain(origin.address)},
               {"door", plain(origin.door)},
               {"why", plain(why)}});
}

void Trail::keep_some(boost::json::object what) noexcept {
    const std::lock_guard lock(mutex_);
    if (!may_tell_of_one_more()) return;
    if (left_out_ > 0) what["left_out_before"] = std::exchange(left_out_, 0);
    keep(what);
}

// As many to a line as surely fit into it.
void Trail::accounts(const std::vector<server::Account>& all) noexcept {
    constexpr std::size_t one_line = 64;
    for (std::size_t first = 0; first < all.size(); first += one_line) {
        boost::json::object names;
        for (std::size_t i = first; i < std::min(all.size(), first + one_line); ++i) {
            names[plain(all[i].name)] = server::roles_text(all[i]);
        }
        keep({{"event", "accounts"}, {"accounts", std::move(names)}});
    }
}

// It counts already, for who owns the file has said so: a log that cannot be written does not stop
// it, and the next call that is kept tells that something is missing.
void Trail::account_changed(const server::AccountChange& change) noexcept {
    boost::json::object what{{"event", "account"}, {"change", change.change}};
    if (!change.account.empty()) what["account"] = plain(change.account);
    if (!change.roles.empty()) what["roles"] = change.roles;
    if (!change.proofs.empty()) what["proofs"] = plain(change.proofs);
    try {
        log_->append(what);
    } catch (const std::exception& error) {
        note_unkept(what, error.what());
        ++unkept_;
    }
}

bool Trail::may_tell_of_one_more() {
    const auto now = Clock::now();
    if (now >= window_end_) {
        window_end_ = now + limits::turned_away_time;
        told_ = 0;
    }
    if (told_ == limits::turned_away_max) {
        ++left_out_;
        return false;
    }
    ++told_;
    return true;
}

void Trail::note_unkept(const boost::json::object& what, const char* why) noexcept {
    try {
        log_error("not in the audit log ({}): {}", why, boost::json::serialize(what));
    } catch (const std::exception&) {
        // There is nobody left to tell.
    }
}

void Trail::keep(const boost::json::object& what) noexcept {
    try {
        log_->append(what);
    } catch (const std::exception& error) {
        log_error("{}", error.what());
    }
}

}  // namespace reviver::audit
