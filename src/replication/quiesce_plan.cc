#include "replication/quiesce_plan.h"

#include "replication/limits.h"

#include <algorithm>

namespace reviver::replication {

bool quiesce_is_due(const Settings& settings, sys::WallTime last, sys::WallTime now) {
    if (settings.application_interval_h == 0) return false;
    if (last == sys::WallTime{}) return true;
    // A last one that lies ahead: the clock was set back, and nobody knows how long ago it was.
    if (last > now + limits::clock_slack) return true;
    return now - last >= std::chrono::hours(settings.application_interval_h);
}

void QuiescePlan::began(const Settings& settings, sys::MonoTime now) {
    const sys::Duration backoff = limits::quiesce_retry_first * (1 << std::min(attempts_, 10u));
    const sys::Duration interval = std::chrono::hours(settings.application_interval_h);
    next_try_ = now + std::min(backoff, interval);
    ++attempts_;
}

}  // namespace reviver::replication
