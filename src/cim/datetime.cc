#include "cim/datetime.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace reviver::cim {

namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t days_max = 99'999'999;  // eight digits

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    if (!all_digits(text) || text.size() > 18) return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// Digits of a field that are known to be digits.
std::int64_t field(std::string_view text, std::size_t at, std::size_t count) {
    return *number(text.substr(at, count));
}

struct Clock {
    std::int64_t hours = 0, minutes = 0, seconds = 0, microseconds = 0;

    bool valid() const { return hours < 24 && minutes < 60 && seconds < 60; }
    std::int64_t total() const {
        return hours * hour + minutes * minute + seconds * second + microseconds;
    }
};

std::optional<std::int64_t> days_since_1970(std::int64_t year, std::int64_t month,
                                            std::int64_t day_of_month) {
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day_of_month)));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count();
}

// ".000001" and shorter; more digits than six are cut off.
std::optional<std::int64_t> fraction(std::string_view digits_behind_point) {
    std::string padded(digits_behind_point.substr(0, 6));
    if (!all_digits(digits_behind_point)) return std::nullopt;
    padded.resize(6, '0');
    return number(padded);
}

// The fields of "YYYYMMDDhhmmss.ffffff" without wildcards; the month and day of a hidden date count
// as 1.
std::optional<std::int64_t> timestamp(std::string_view text, int significant_digits) {
    const std::int64_t month = significant_digits < 6 ? 1 : field(text, 4, 2);
    const std::int64_t day_of_month = significant_digits < 8 ? 1 : field(text, 6, 2);
    const auto days = days_since_1970(field(text, 0, 4), month, day_of_month);
    const Clock clock{field(text, 8, 2), field(text, 10, 2), field(text, 12, 2),
                      field(text, 15, 6)};
    if (!days || !clock.valid()) return std::nullopt;
    return *days * day + clock.total();
}

std::optional<std::int64_t> interval_length(std::string_view text) {
    const Clock clock{field(text, 8, 2), field(text, 10, 2), field(text, 12, 2),
                      field(text, 15, 6)};
    if (!clock.valid()) return std::nullopt;
    return field(text, 0, 8) * day + clock.total();
}

// Replaces the asterisks at the end by zeros and says how many digits were before them; -1:
// asterisks elsewhere.
int hide_wildcards(std::string& text) {
    int significant = 0;
    bool hidden = false;
    for (std::size_t i = 0; i < 21; ++i) {
        if (i == 14) continue;
        if (text[i] == '*') {
            hidden = true;
            text[i] = '0';
        } else if (hidden) {
            return -1;
        } else {
            ++significant;
        }
    }
    return significant;
}

// Takes a number and the letter behind it off the front of a duration: "12H..." with 'H' gives 12.
std::optional<std::int64_t> take(std::string_view& text, char unit) {
    const auto end = text.find(unit);
    if (end == std::string_view::npos) return 0;
    const auto value = number(text.substr(0, end));
    if (!value || *value > days_max * 86'400) return std::nullopt;
    text.remove_prefix(end + 1);
    return value;
}

std::optional<std::int64_t> take_seconds(std::string_view& text) {
    const auto end = text.find('S');
    if (end == std::string_view::npos) return 0;
    std::string_view whole = text.substr(0, end);
    std::int64_t microseconds = 0;
    if (const auto point = whole.find('.'); point != std::string_view::npos) {
        const auto part = fraction(whole.substr(point + 1));
        if (!part) return std::nullopt;
        microseconds = *part;
        whole = whole.substr(0, point);
    }
    const auto value = number(whole);
    if (!value || *value > days_max * 86'400) return std::nullopt;
    text.remove_prefix(end + 1);
    return *value * second + microseconds;
}

std::optional<std::int64_t> duration(std::string_view text) {
    if (!text.starts_with('P') || text.size() < 3) return std::nullopt;
    text.remove_prefix(1);
    const auto t = text.find('T');
    std::string_view date = text.substr(0, t);
    std::string_view time = t == std::string_view::npos ? "" : text.substr(t + 1);
    if (t != std::string_view::npos && time.empty()) return std::nullopt;
    const auto days = take(date, 'D');
    const auto hours = take(time, 'H');
    const auto minutes = take(time, 'M');
    const auto seconds = take_seconds(time);
    if (!days || !hours || !minutes || !seconds || !date.empty() || !time.empty()) {
        return std::nullopt;
    }
    if (*days > days_max || *hours > days_max || *minutes > days_max * 60) return std::nullopt;
    const std::int64_t rest = *hours * hour + *minutes * minute;
    if (*days + rest / day + *seconds / day > days_max) return std::nullopt;
    return *days * day + rest + *seconds;
}

// "Z", "+01:00", "" at the end of an XML Schema time: minutes ahead of UTC.
std::optional<int> iso_offset(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") return 0;
    if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-'))
        return std::nullopt;
    const auto hours = number(text.substr(1, 2));
    const auto minutes = number(text.substr(4, 2));
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
    const int total = static_cast<int>(*hours * 60 + *minutes);
    return text[0] == '-' ? -total : total;
}

// "03:04:05.000001Z": time of day less its offset.
std::optional<std::int64_t> iso_time(std::string_view text) {
    if (text.size() < 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
    const auto hours = number(text.substr(0, 2));
    const auto minutes = number(text.substr(3, 2));
    const auto seconds = number(text.substr(6, 2));
    if (!hours || !minutes || !seconds) return std::nullopt;
    Clock clock{*hours, *minutes, *seconds, 0};
    text.remove_prefix(8);
    if (text.starts_with('.')) {
        const auto end = std::min(text.find_first_not_of("0123456789", 1), text.size());
        const auto part = fraction(text.substr(1, end - 1));
        if (!part) return std::nullopt;
        clock.microseconds = *part;
        text.remove_prefix(end);
    }
    const auto offset = iso_offset(text);
    if (!offset || !clock.valid()) return std::nullopt;
    return clock.total() - *offset * minute;
}

}  // namespace

DateTime DateTime::at(std::int64_t microseconds_since_1970_utc) {
    return {microseconds_since_1970_utc, false};
}

DateTime DateTime::interval(std::int64_t microseconds) {
    return {std::clamp<std::int64_t>(microseconds, 0, days_max * day), true};
}

std::optional<DateTime> DateTime::parse(std::string_view given) {
    if (given.size() != 25 || given[14] != '.') return std::nullopt;
    const char sign = given[21];
    const auto offset = number(given.substr(22));
    std::string text(given);
    const int significant = hide_wildcards(text);
    if (significant < 0 || !offset || !all_digits(text.substr(0, 14)) ||
        !all_digits(text.substr(15, 6))) {
        return std::nullopt;
    }
    DateTime result(0, sign == ':');
    result.significant_digits_ = static_cast<std::int16_t>(significant);
    std::optional<std::int64_t> value;
    if (sign == ':') {
        if (*offset == 0) value = interval_length(text);
    } else if (sign == '+' || sign == '-') {
        result.offset_minutes_ = static_cast<std::int16_t>(sign == '-' ? -*offset : *offset);
        value = timestamp(text, significant);
        if (value) *value -= result.offset_minutes_ * minute;
    }
    if (!value) return std::nullopt;
    result.microseconds_ = *value;
    return result;
}

std::optional<DateTime> DateTime::parse_iso(std::string_view text) {
    if (text.starts_with('P')) {
        const auto length = duration(text);
        return length ? std::optional(DateTime(*length, true)) : std::nullopt;
    }
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number(text.substr(0, 4));
    const auto month = number(text.substr(5, 2));
    const auto day_of_month = number(text.substr(8, 2));
    if (!year || !month || !day_of_month) return std::nullopt;
    const auto days = days_since_1970(*year, *month, *day_of_month);
    if (!days) return std::nullopt;
    text.remove_prefix(10);
    if (!text.starts_with('T')) {
        const auto offset = iso_offset(text);
        if (!offset) return std::nullopt;
        return DateTime(*days * day - *offset * minute, false);
    }
    const auto time = iso_time(text.substr(1));
    if (!time) return std::nullopt;
    return DateTime(*days * day + *time, false);
}

namespace {

struct Broken {
    std::int64_t days;
    Clock clock;
};

Broken broken_down(std::int64_t microseconds) {
    std::int64_t days = microseconds / day;
    std::int64_t rest = microseconds % day;
    if (rest < 0) {
        rest += day;
        --days;
    }
    return {days, {rest / hour, rest / minute % 60, rest / second % 60, rest % second}};
}

std::chrono::year_month_day date_of(std::int64_t days) {
    return std::chrono::sys_days(std::chrono::days(days));
}

}  // namespace

std::string DateTime::text() const {
    std::string result;
    if (interval_) {
        const auto [days, clock] = broken_down(microseconds_);
        result = fmt::format("{:08}{:02}{:02}{:02}.{:06}:000", days, clock.hours, clock.minutes,
                             clock.seconds, clock.microseconds);
    } else {
        const auto [days, clock] = broken_down(microseconds_ + offset_minutes_ * minute);
        const auto date = date_of(days);
        result = fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}.{:06}{}{:03}", int(date.year()),
                             unsigned(date.month()), unsigned(date.day()), clock.hours,
                             clock.minutes, clock.seconds, clock.microseconds,
                             offset_minutes_ < 0 ? '-' : '+', std::abs(offset_minutes_));
    }
    for (int digit = significant_digits_; digit < digits; ++digit) {
        result[static_cast<std::size_t>(digit < 14 ? digit : digit + 1)] = '*';
    }
    return result;
}

std::string DateTime::iso_text() const {
    const auto [days, clock] = broken_down(microseconds_);
    const std::string behind_point =
        clock.microseconds == 0 ? "" : fmt::format(".{:06}", clock.microseconds);
    if (interval_) {
        return fmt::format("P{}DT{}H{}M{}{}S", days, clock.hours, clock.minutes, clock.seconds,
                           behind_point);
    }
    const auto date = date_of(days);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", int(date.year()),
                       unsigned(date.month()), unsigned(date.day()), clock.hours, clock.minutes,
                       clock.seconds, behind_point);
}

}  // namespace reviver::cim
