// Which points go, and why the others stay. Pure functions: a list in, a list out, no clock inside.
//
// What stays:
//   * the newest point, always;
//   * points of kind tail and points that are pinned, until somebody removes or unpins them;
//   * when `recovery_history` is not 0:
//       - every point of the last `recent` time, but at most `recent_max` of them (an interval of a
//         second would make hundreds, each with files of its own);
//       - up to `recovery_history` more, one for each hour going back, up to `daily` one for each
//         day, up to `weekly` one for each week. One point may stand for several of them.
//   * when `recovery_history` is 0: nothing else. Who wants the latest state alone gets no days.
// A seed goes as soon as there is a point above it.
//
// Hours, days and weeks (from Monday) are those of UTC, by cut time; one without a point does not
// count. Of each its oldest application-consistent point stays, and where it has none its oldest:
// that one does not change while the hour fills but for the first that is application consistent,
// so nothing that will be chosen is dropped before. A day's choice is always that of one of its
// hours too, and so a day finds its point kept by its hour.
#pragma once

#include "model/names.h"
#include "model/point.h"
#include "sys/clock.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace reviver::store {

struct RetentionPolicy {
    std::uint32_t recovery_history = 24;              // points besides the newest, one an hour
    sys::Duration recent = std::chrono::minutes(10);  // before `now`, in which every point stays
    sys::WallTime now;
    std::size_t recent_max = 60;
    std::uint32_t daily = 0;
    std::uint32_t weekly = 0;
};

struct RetentionPoint {
    Sequence sequence;
    sys::WallTime cut_time;
    PointKind kind = PointKind::regular;
    bool pinned = false;
    Consistency consistency = Consistency::group_crash;
};

enum class KeptAs : std::uint8_t { newest, recent, hourly, daily, weekly, pinned, tail };

std::string_view name_of(KeptAs reason);

// `points` ascending by sequence. Answers for each of them why it stays; without a reason it goes.
std::vector<std::vector<KeptAs>> reasons_to_keep(const std::vector<RetentionPoint>& points,
                                                 const RetentionPolicy& policy);

// `points` ascending by sequence. Answers those that go, ascending.
std::vector<Sequence> points_to_drop(const std::vector<RetentionPoint>& points,
                                     const RetentionPolicy& policy);

}  // namespace reviver::store
