#include "site/policy_config.h"

#include "site/limits.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace reviver::site {

namespace {

constexpr std::array<std::string_view, 7> day_names = {"mon", "tue", "wed", "thu",
                                                       "fri", "sat", "sun"};
constexpr std::uint8_t every_day = 0b1111111;

std::uint64_t read_rate(TomlSection& section, std::optional<std::int64_t> default_kib) {
    const char* key = "bandwidth_kib_per_s_max";
    if (!default_kib && !section.has(key)) section.refuse(key, "is missing; 0 is no limit");
    const std::int64_t kib =
        section.number(key, default_kib.value_or(0), 0, limits::bandwidth_kib_per_s_max);
    if (kib != 0 && kib < limits::bandwidth_kib_per_s_min) {
        section.refuse(key, fmt::format("must be 0 (no limit) or at least {}",
                                        limits::bandwidth_kib_per_s_min));
    }
    return static_cast<std::uint64_t>(kib) << 10;
}

[[noreturn]] void fail_time(std::string_view text) {
    fail(Code::invalid_parameter, "\"{}\" is no time of day; write HH:MM, from 00:00 to 24:00",
         text);
}

std::uint32_t parse_number(std::string_view text, std::string_view whole) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) fail_time(whole);
    return number;
}

// In seconds of the day.
std::uint32_t parse_time(const std::string& text) {
    const std::string_view all = text;
    if (all.size() != 5 || all[2] != ':') fail_time(text);
    const std::uint32_t hours = parse_number(all.substr(0, 2), all);
    const std::uint32_t minutes = parse_number(all.substr(3), all);
    const std::uint32_t second = hours * 3600 + minutes * 60;
    if (minutes > 59 || second > day_s) fail_time(text);
    return second;
}

std::uint8_t read_days(TomlSection& section) {
    if (!section.has("days")) return every_day;
    std::uint8_t days = 0;
    for (const std::string& text : section.texts("days")) {
        const auto found = std::ranges::find(day_names, text);
        if (found == day_names.end()) {
            section.refuse("days", fmt::format("\"{}\" is no day; write mon, tue, wed, thu, fri, "
                                               "sat and sun, each in quotes",
                                               text));
        }
        days |= static_cast<std::uint8_t>(1 << (found - day_names.begin()));
    }
    if (days == 0) section.refuse("days", "names no day; left out, it is every day");
    return days;
}

CalendarEntry read_entry(TomlSection section) {
    CalendarEntry entry;
    entry.days = read_days(section);
    entry.from_s = section.parsed("from", "", parse_time);
    entry.to_s = section.parsed("to", "", parse_time);
    if (entry.from_s == day_s) section.refuse("from", "24:00 is an end; write 00:00");
    if (entry.to_s == 0) section.refuse("to", "00:00 is a begin; write 24:00");
    if (entry.from_s == entry.to_s) {
        section.refuse("to", "is when it begins; a whole day is from 00:00 to 24:00");
    }
    entry.bytes_per_second = read_rate(section, std::nullopt);
    section.finish();
    return entry;
}

BandwidthPlan read_plan(TomlSection& section) {
    BandwidthPlan plan;
    plan.bytes_per_second = read_rate(section, 0);
    for (TomlSection& entry : section.tables("calendar", limits::calendar_entries_max)) {
        plan.calendar.push_back(read_entry(std::move(entry)));
    }
    return plan;
}

}  // namespace

BandwidthPlans read_bandwidth(TomlSection section) {
    BandwidthPlans plans;
    plans.site = read_plan(section);
    for (TomlSection& each : section.tables("collection", limits::limited_collections_max)) {
        const std::string name = each.text("name", "");
        if (name.empty()) each.refuse("name", "must be the name or the id of a collection");
        const bool twice = std::ranges::any_of(
            plans.collections, [&](const auto& known) { return known.first == name; });
        if (twice) each.refuse("name", "has a limit already, above");
        plans.collections.emplace_back(name, read_plan(each));
        each.finish();
    }
    section.finish();
    return plans;
}

RetentionSettings read_retention(TomlSection section) {
    RetentionSettings retention;
    const auto number = [&](const char* key, std::uint32_t otherwise, std::int64_t most) {
        return static_cast<std::uint32_t>(section.number(key, otherwise, 0, most));
    };
    retention.all_minutes =
        number("all_minutes", retention.all_minutes, limits::retention_all_minutes_max);
    retention.daily = number("daily", retention.daily, limits::retention_daily_max);
    retention.weekly = number("weekly", retention.weekly, limits::retention_weekly_max);
    section.finish();
    return retention;
}

}  // namespace reviver::site
