#include "store/retention.h"

#include <algorithm>
#include <map>

namespace reviver::store {
namespace {

using Reasons = std::vector<std::vector<KeptAs>>;
using Slot = std::int64_t (*)(sys::WallTime);

std::int64_t hour_of(sys::WallTime time) {
    return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

std::int64_t day_of(sys::WallTime time) {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

// The epoch began on a Thursday, three days into its week.
std::int64_t week_of(sys::WallTime time) {
    return std::chrono::floor<std::chrono::weeks>(time + std::chrono::days(3))
        .time_since_epoch()
        .count();
}

bool is_better(const RetentionPoint& later, const RetentionPoint& earlier) {
    return later.consistency == Consistency::application &&
           earlier.consistency != Consistency::application;
}

bool is_ordinary(const RetentionPoint& point) {
    return point.kind != PointKind::tail && point.kind != PointKind::seed;
}

// The best point of each of the newest `count` slots that have one, the newest point left aside.
void keep_slots(const std::vector<RetentionPoint>& points, Slot slot_of, std::uint32_t count,
                KeptAs reason, Reasons& reasons) {
    std::map<std::int64_t, std::size_t, std::greater<>> best_of_slot;
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        if (!is_ordinary(points[i])) continue;
        const auto [best, first] = best_of_slot.emplace(slot_of(points[i].cut_time), i);
        if (!first && is_better(points[i], points[best->second])) best->second = i;
    }
    for (const auto& [slot, index] : best_of_slot) {
        if (count-- == 0) break;
        reasons[index].push_back(reason);
    }
}

void keep_recent(const std::vector<RetentionPoint>& points, const RetentionPolicy& policy,
                 Reasons& reasons) {
    const std::size_t older = points.size() - 1;
    for (std::size_t i = older - std::min(older, policy.recent_max); i < older; ++i)
        if (is_ordinary(points[i]) && points[i].cut_time >= policy.now - policy.recent)
            reasons[i].push_back(KeptAs::recent);
}

}  // namespace

std::string_view name_of(KeptAs reason) {
    switch (reason) {
        case KeptAs::newest:
            return "newest";
        case KeptAs::recent:
            return "recent";
        case KeptAs::hourly:
            return "hourly";
        case KeptAs::daily:
            return "daily";
        case KeptAs::weekly:
            return "weekly";
        case KeptAs::pinned:
            return "pinned";
        case KeptAs::tail:
            return "tail";
    }
    return "unknown";
}

std::vector<std::vector<KeptAs>> reasons_to_keep(const std::vector<RetentionPoint>& points,
                                                 const RetentionPolicy& policy) {
    Reasons reasons(points.size());
    if (points.empty()) return reasons;
    reasons.back().push_back(KeptAs::newest);
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (points[i].kind == PointKind::tail) reasons[i].push_back(KeptAs::tail);
        if (points[i].pinned && points[i].kind != PointKind::seed)
            reasons[i].push_back(KeptAs::pinned);
    }
    if (policy.recovery_history == 0) return reasons;
    keep_recent(points, policy, reasons);
    keep_slots(points, hour_of, policy.recovery_history, KeptAs::hourly, reasons);
    keep_slots(points, day_of, policy.daily, KeptAs::daily, reasons);
    keep_slots(points, week_of, policy.weekly, KeptAs::weekly, reasons);
    return reasons;
}

std::vector<Sequence> points_to_drop(const std::vector<RetentionPoint>& points,
                                     const RetentionPolicy& policy) {
    const Reasons reasons = reasons_to_keep(points, policy);
    std::vector<Sequence> dropped;
    for (std::size_t i = 0; i < points.size(); ++i)
        if (reasons[i].empty()) dropped.push_back(points[i].sequence);
    return dropped;
}

}  // namespace reviver::store
