// Who wants to know what changed in the engine: told which collection or job, never what about it,
// so that many changes in quick succession can be looked at once. The engine knows nothing of who
// looks.
//
// Told after the change is durable, outside of every lock, by whatever task made it. An observer
// returns at once, neither blocks nor throws, and asks the engine later, in a thread of its own.
// What only time changes (a health that grows old, a job that is no longer kept) is not told.
#pragma once

#include "model/job.h"
#include "model/names.h"

namespace reviver::replication {

class Observer {
  public:
    virtual ~Observer() = default;
    virtual void collection_changed(CollectionId) {}  // its document, figures, points, existence
    virtual void job_changed(JobId) {}
};

// Looks away.
Observer& nobody();

}  // namespace reviver::replication
