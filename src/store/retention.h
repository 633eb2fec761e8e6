// Which points go. A pure function: a list in, a list out, no clock inside.
//
// What stays:
//   * the newest point, always;
//   * points of kind tail and points that are pinned, until somebody removes or unpins them;
//   * when `recovery_history` is not 0: every point of the last `recent` time, but at most
//     `recent_max` of them (a VM that boots on a point opens every layer below it, and libvirt
//     nests them in its XML), and up to `recovery_history` more, one for each hour (of UTC, by cut
//     time) going back. Of an hour its oldest point stays: that one does not change while the hour
//     fills, so a point that was chosen stays chosen until its hour is too old.
//   * when `recovery_history` is 0: nothing else.
// A seed goes as soon as there is a point above it.
#pragma once

#include "model/names.h"
#include "model/point.h"
#include "sys/clock.h"

#include <cstdint>
#include <vector>

namespace reviver::store {

struct RetentionPolicy {
    std::uint32_t recovery_history = 24;              // points besides the newest, one an hour
    sys::Duration recent = std::chrono::minutes(10);  // before `now`, in which every point stays
    sys::WallTime now;
    std::size_t recent_max = 60;
};

struct RetentionPoint {
    Sequence sequence;
    sys::WallTime cut_time;
    PointKind kind = PointKind::regular;
    bool pinned = false;
};

// `points` ascending by sequence. Answers those that go, ascending.
std::vector<Sequence> points_to_drop(const std::vector<RetentionPoint>& points,
                                     const RetentionPolicy& policy);

}  // namespace reviver::store
