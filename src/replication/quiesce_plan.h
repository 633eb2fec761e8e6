// When the next recovery point is to be application consistent:
// ApplicationConsistentSnapshotInterval hours after the last one that was and is durable.
//
// Two clocks. How long ago the last one was is told by the wall, for it has to outlive the daemon;
// it may jump, and one jump costs at most one point too many. How long to wait after an attempt
// that came to nothing is told by the monotonic clock of this life: a group whose guests cannot be
// frozen is asked again after limits::quiesce_retry_first, then ever more seldom, at last once an
// interval. Ordinary points are made meanwhile.
#pragma once

#include "model/replication.h"
#include "sys/clock.h"

namespace reviver::replication {

// A pure function. `last`: when the last such point was cut; the epoch's start for never.
bool quiesce_is_due(const Settings& settings, sys::WallTime last, sys::WallTime now);

class QuiescePlan {
  public:
    bool may_try(sys::MonoTime now) const { return now >= next_try_; }
    // An attempt begins: until succeeded() it counts as one that came to nothing.
    void began(const Settings& settings, sys::MonoTime now);
    void succeeded() { *this = QuiescePlan(); }

  private:
    sys::MonoTime next_try_ = sys::MonoTime::min();
    unsigned attempts_ = 0;  // without success
};

}  // namespace reviver::replication
