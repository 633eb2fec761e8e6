#include "store/retention.h"

#include <algorithm>
#include <map>
#include <set>

namespace reviver::store {
namespace {

std::int64_t hour_of(sys::WallTime time) {
    return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

bool is_better(const RetentionPoint& later, const RetentionPoint& earlier) {
    return later.consistency == Consistency::application &&
           earlier.consistency != Consistency::application;
}

// The best point of each of the newest `count` hours that have one.
std::set<Sequence> hourly(const std::vector<RetentionPoint>& points, std::uint32_t count) {
    std::map<std::int64_t, const RetentionPoint*, std::greater<>> best_of_hour;
    for (const RetentionPoint& point : points) {
        if (point.kind == PointKind::tail) continue;
        const RetentionPoint*& best = best_of_hour[hour_of(point.cut_time)];
        if (best == nullptr || is_better(point, *best)) best = &point;
    }
    std::set<Sequence> chosen;
    for (const auto& [hour, point] : best_of_hour) {
        if (chosen.size() == count) break;
        chosen.insert(point->sequence);
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
        const bool recent = history && point.cut_time >= policy.now - policy.recent &&
                            older.size() - i <= policy.recent_max;
        if (!point.pinned && point.kind != PointKind::tail && !recent &&
            !chosen.contains(point.sequence))
            dropped.push_back(point.sequence);
    }
    return dropped;
}

}  // namespace reviver::store
