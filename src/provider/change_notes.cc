#include "provider/change_notes.h"

#include <utility>

namespace reviver::provider {

void ChangeNotes::collection_changed(CollectionId id) {
    const std::lock_guard lock(mutex_);
    changes_.collections.insert(id);
    noted_.notify_one();
}

void ChangeNotes::job_changed(JobId id) {
    const std::lock_guard lock(mutex_);
    changes_.jobs.insert(id);
    noted_.notify_one();
}

ChangeNotes::Changes ChangeNotes::take(std::chrono::milliseconds time_max) {
    std::unique_lock lock(mutex_);
    noted_.wait_for(lock, time_max, [this] {
        return changes_.stopped || !changes_.collections.empty() || !changes_.jobs.empty();
    });
    const bool stopped = changes_.stopped;
    Changes taken = std::exchange(changes_, {});
    changes_.stopped = stopped;
    return taken;
}

void ChangeNotes::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    noted_.wait_for(lock, time, [this] { return changes_.stopped; });
}

void ChangeNotes::stop() {
    const std::lock_guard lock(mutex_);
    changes_.stopped = true;
    noted_.notify_one();
}

}  // namespace reviver::provider
