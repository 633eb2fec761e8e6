#include "model/bandwidth.h"

#include <algorithm>
#include <ctime>

namespace reviver {

namespace {

bool begins_on(const CalendarEntry& entry, unsigned day) {
    return (entry.days >> day & 1) != 0;
}

bool fits(const CalendarEntry& entry, LocalTime time) {
    const bool today = begins_on(entry, time.day);
    if (entry.from_s < entry.to_s) {
        return today && time.second >= entry.from_s && time.second < entry.to_s;
    }
    const bool yesterday = begins_on(entry, (time.day + 6) % 7);
    return (today && time.second >= entry.from_s) || (yesterday && time.second < entry.to_s);
}

}  // namespace

std::uint64_t rate_at(const BandwidthPlan& plan, LocalTime time) {
    for (const CalendarEntry& entry : plan.calendar) {
        if (fits(entry, time)) return entry.bytes_per_second;
    }
    return plan.bytes_per_second;
}

LocalTime local_time(sys::WallTime time) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm local{};
    localtime_r(&seconds, &local);
    const int second = local.tm_hour * 3600 + local.tm_min * 60 + std::min(local.tm_sec, 59);
    return {static_cast<unsigned>(local.tm_wday + 6) % 7, static_cast<std::uint32_t>(second)};
}

BandwidthPlan BandwidthPlans::of(CollectionId id, const std::string& name) const {
    for (const std::string& key : {id.text(), name}) {
        for (const auto& [named, plan] : collections) {
            if (named == key) return plan;
        }
    }
    return {};
}

}  // namespace reviver
