#include "replication/agenda.h"

#include "base/error.h"

#include <fmt/format.h>

#include <ctime>

namespace reviver::replication {

namespace {

std::uint32_t second_of_local_day(sys::WallTime time) {
    const std::time_t seconds =
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    std::tm local{};
    localtime_r(&seconds, &local);
    return static_cast<std::uint32_t>(local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec);
}

std::string clock_text(std::uint32_t second_of_day) {
    return fmt::format("{:02}:{:02}", second_of_day / 3600, second_of_day / 60 % 60);
}

}  // namespace

void require_start_time(sys::WallTime at, sys::WallTime now) {
    if (at <= now + start_ahead_max) return;
    fail(Code::invalid_parameter, "StartTime is {}; at most seven days ahead are allowed",
         sys::iso_text(at));
}

bool in_resync_window(const Settings& settings, sys::WallTime now) {
    const std::uint32_t second = second_of_local_day(now);
    const bool after_start = second >= settings.auto_resync_start_s;
    const bool before_end = second <= settings.auto_resync_end_s;
    const bool crosses_midnight = settings.auto_resync_start_s > settings.auto_resync_end_s;
    return crosses_midnight ? after_start || before_end : after_start && before_end;
}

bool initial_is_due(const Collection& c, sys::WallTime now) {
    return c.place == Place{Role::primary, State::ready} && c.agenda.initial_asked &&
           now >= c.agenda.initial_at;
}

bool resync_is_due(const Collection& c, sys::WallTime now) {
    if (c.agenda.resync_asked) return now >= c.agenda.resync_at;
    return c.settings.auto_resync && !c.agenda.resync_cancelled &&
           in_resync_window(c.settings, now);
}

std::string agenda_text(const Collection& c, sys::WallTime now) {
    if (c.place.role != Role::primary) return "";
    if (c.exported.complete) {
        return fmt::format(
            "the initial copy was written to {} at {} and is not imported yet: carry it to site "
            "'{}' and run `reviver import` there",
            c.exported.directory, sys::iso_text(c.exported.written), c.peer);
    }
    if (c.place.state == State::ready && c.agenda.initial_asked) {
        return fmt::format("the initial replication starts at {}",
                           sys::iso_text(c.agenda.initial_at));
    }
    if (c.place.state != State::waiting_for_resync || resync_is_due(c, now)) return "";
    if (c.agenda.resync_asked) {
        return fmt::format("the resynchronization starts at {}", sys::iso_text(c.agenda.resync_at));
    }
    if (!c.settings.auto_resync || c.agenda.resync_cancelled) {
        return "it does not start by itself: resynchronize it";
    }
    return fmt::format("it starts by itself at {}, local time; resynchronize it to start it now",
                       clock_text(c.settings.auto_resync_start_s));
}

}  // namespace reviver::replication
