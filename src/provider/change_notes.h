// What changed in the engine and was not looked at yet: the engine's tasks note it, one thread
// takes it. Noting costs no more than an entry in a set, however often the same thing changes.
// Threads: any.
#pragma once

#include "replication/observer.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

namespace reviver::provider {

class ChangeNotes : public replication::Observer {
  public:
    struct Changes {
        std::set<CollectionId> collections;
        std::set<JobId> jobs;
        bool stopped = false;
    };

    void collection_changed(CollectionId id) override;
    void job_changed(JobId id) override;

    // Waits until something was noted, or the time is over, or stop(); takes all there is.
    Changes take(std::chrono::milliseconds time_max);
    // Lets notes gather for a while; ends at once with stop().
    void pause(std::chrono::milliseconds time);
    void stop();

  private:
    std::mutex mutex_;
    std::condition_variable noted_;
    Changes changes_;
};

}  // namespace reviver::provider
