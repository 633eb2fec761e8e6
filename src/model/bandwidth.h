// How fast the traffic between sites may be, by day and hour.
//
// A plan is a rate and a weekly calendar in local time. The first entry of the calendar that fits
// a moment says the rate then; when none fits, the plan's own rate holds. A rate of 0 is unlimited.
//
// Local time is what a clock on the wall shows. Where it jumps forward, an entry that begins in the
// hour left out begins at the jump; where an hour comes twice, an entry within it holds both times.
#pragma once

#include "model/names.h"
#include "sys/clock.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace reviver {

// Of a week: day 0 is Monday.
struct LocalTime {
    unsigned day = 0;
    std::uint32_t second = 0;  // of the day, as the clock on the wall shows it
};

constexpr std::uint32_t day_s = 86400;

struct CalendarEntry {
    std::uint8_t days = 0;     // bit n: begins on day n
    std::uint32_t from_s = 0;  // of the day; in the entry
    std::uint32_t to_s = 0;    // 1 to 86400, not in it; not after from_s: of the next day
    std::uint64_t bytes_per_second = 0;
    bool operator==(const CalendarEntry&) const = default;
};

struct BandwidthPlan {
    std::uint64_t bytes_per_second = 0;
    std::vector<CalendarEntry> calendar;
    bool operator==(const BandwidthPlan&) const = default;
};

// Of a site to all others, and of single collections, by name or id.
struct BandwidthPlans {
    BandwidthPlan site;
    std::vector<std::pair<std::string, BandwidthPlan>> collections;

    // No limit for a collection that nobody named. An id counts before a name.
    BandwidthPlan of(CollectionId id, const std::string& name) const;
};

// The rate that holds. A pure function.
std::uint64_t rate_at(const BandwidthPlan& plan, LocalTime time);

// In the time zone of the host (TZ, /etc/localtime).
LocalTime local_time(sys::WallTime time);

}  // namespace reviver
