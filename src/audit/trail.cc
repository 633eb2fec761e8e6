#include "audit/trail.h"

#include "audit/limits.h"
#include "base/error.h"
#include "base/log.h"

namespace reviver::audit {

namespace {

// JSON is UTF-8, and what a stranger says may be anything.
std::string plain(std::string_view text) {
    std::string result(text.substr(0, limits::text_bytes_max));
    for (char& c : result) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e) c = '?';
    }
    return result;
}

}  // namespace

Trail::Trail(std::shared_ptr<AuditLog> log, const std::string& version) : log_(std::move(log)) {
    keep({{"event", "started"}, {"version", version}});
}

std::uint64_t Trail::asked(const cim::Principal& who, const cim::ObjectPath& object,
                           std::string_view method) {
    return log_->append({{"event", "call"},
                         {"who", plain(who.name())},
                         {"from", plain(who.origin().address)},
                         {"door", plain(who.origin().door)},
                         {"namespace", plain(object.name_space())},
                         {"class", plain(object.class_name())},
                         {"method", plain(method)},
                         {"object", plain(object.text())}});
}

void Trail::answered(std::uint64_t call, const cim::Ending& ending) noexcept {
    boost::json::object what{{"event", "result"}, {"call", call}};
    if (ending.return_value) what["return"] = *ending.return_value;
    if (ending.status) what["status"] = cim::name_of(*ending.status);
    if (!ending.job.empty()) what["job"] = plain(ending.job);
    keep(what);
}

void Trail::turned_away(const cim::Origin& origin, std::string_view as,
                        std::string_view why) noexcept {
    boost::json::object what{{"event", "turned away"},
                             {"as", plain(as)},
                             {"from", plain(origin.address)},
                             {"door", plain(origin.door)},
                             {"why", plain(why)}};
    const std::lock_guard lock(mutex_);
    if (!may_tell_of_one_more()) return;
    if (left_out_ > 0) what["left_out_before"] = std::exchange(left_out_, 0);
    keep(what);
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

void Trail::keep(const boost::json::object& what) noexcept {
    try {
        log_->append(what);
    } catch (const std::exception& error) {
        log_error("{}", error.what());
    }
}

}  // namespace reviver::audit
