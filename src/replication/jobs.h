// The jobs of a site. A job is durable before it is handed out and again when it ends, so that a
// client that polls across a restart of the daemon finds it; progress in between is only in memory.
// Ended jobs are kept for limits::job_kept.
#pragma once

#include "model/job.h"
#include "replication/observer.h"
#include "state/repository.h"
#include "sys/world.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace reviver::replication {

// What the work of a job sees of it. Any task may call.
class JobHandle {
  public:
    virtual ~JobHandle() = default;
    virtual JobId id() const = 0;
    virtual void progress(unsigned percent, std::string status) = 0;
    virtual bool cancelled() const = 0;
    virtual void report(std::string text) = 0;
};

class Jobs {
  public:
    Jobs(sys::World& world, state::Repository& repository, Observer& observer = nobody());

    // Makes the job durable in state `running`. Code::out_of_memory at limits::jobs_max; what the
    // repository says when an earlier end cannot be made durable either: a job that has ended must
    // not be found running after something else was begun.
    std::shared_ptr<JobHandle> begin(Job job);
    // Not undone by a full disk: the end is then made durable later.
    void complete(JobId id);
    void fail(JobId id, const Error& error);
    // Makes durable what a full disk kept from being so.
    void settle();

    // A call that was refused at once, kept as a failed job so that its caller can read why; the
    // newest limits::refusals_max, in memory.
    JobId note_refusal(Job job, const Error& error);

    std::vector<Job> list();
    std::optional<Job> find(JobId id);
    // Code::not_found, or Code::invalid_state when it is not cancellable or has ended.
    void cancel(JobId id);

    // Jobs that have not ended. At the start these are the ones that were running when the daemon
    // ended; each is begun again under its id by resume(), or failed.
    std::vector<Job> interrupted();
    std::shared_ptr<JobHandle> resume(JobId id);

  private:
    class Entry;

    std::shared_ptr<Entry> entry(JobId id);
    void end(JobId id, const Error* error);
    void drop_old();

    sys::World& world_;
    state::Repository& repository_;
    Observer& observer_;
    std::mutex mutex_;
    std::map<JobId, std::shared_ptr<Entry>> entries_;
    std::deque<JobId> refusals_;
    std::set<JobId> unsettled_;  // ended, and not durably
};

}  // namespace reviver::replication
