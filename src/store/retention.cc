#include "store/retention.h"

#include <algorithm>
#include <map>
#include <set>

namespace reviver::store {
namespace {

std::int64_t hour_of(sys::WallTime time) {
    return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

// The oldest point of each of the newest `count` hours that have one.
std::set<Sequence> hourly(const std::vector<RetentionPoint>& points, std::uint32_t count) {
    std::map<std::int64_t, Sequence, std::greater<>> oldest_of_hour;
    for (const RetentionPoint& point : points)
        if (point.kind != PointKind::tail && point.kind != PointKind::seed)
            oldest_of_hour.emplace(hour_of(point.cut_time), point.sequence);
    std::set<Sequence> chosen;
    for (const auto& [hour, sequence] : oldest_of_hour) {
        if (chosen.size() == count) break;
        chosen.insert(sequence);
    }
    return chosen;
}

}  // namespace

std::vector<Sequence> points_to_drop(const std::vector<RetentionPoint>& points,
                                     const RetentionPolicy& policy) {
    if (points.empty()) return {};
    const bool history = policy.recovery_history > 0;
    const std::vector<RetentionPoint> older(points.begin(), points.end() - 1);
    const std::set<Sequence> chosen = hourly(older, policy.recovery_history);
    std::vector<Sequence> dropped;
    for (std::size_t i = 0; i < older.size(); ++i) {
        const RetentionPoint& point = older[i];
        if (point.kind == PointKind::seed) {
            dropped.push_back(point.sequence);
            continue;
        }
        const bool recent = history && point.cut_time >= policy.now - policy.recent &&
                            older.size() - i <= policy.recent_max;
        if (!point.pinned && point.kind != PointKind::tail && !recent &&
            !chosen.contains(point.sequence))
            dropped.push_back(point.sequence);
    }
    return dropped;
}

}  // namespace reviver::store
