#include "replication/jobs.h"

#include "base/log.h"
#include "replication/documents.h"
#include "replication/limits.h"

#include <algorithm>

namespace reviver::replication {

namespace {
constexpr const char* kind = "job";
}

class Jobs::Entry : public JobHandle {
  public:
    Entry(Job job, Observer& observer) : observer_(observer), job_(std::move(job)) {}

    JobId id() const override { return job_.id; }  // never changes
    void progress(unsigned percent, std::string status) override {
        {
            const std::lock_guard lock(mutex_);
            if (job_.state != JobState::running) return;
            job_.percent = static_cast<std::uint16_t>(std::min(percent, 99u));
            job_.status = std::move(status);
        }
        observer_.job_changed(id());
    }
    bool cancelled() const override { return cancelled_; }
    void report(std::string text) override {
        {
            const std::lock_guard lock(mutex_);
            job_.report = std::move(text);
        }
        observer_.job_changed(id());
    }

    Job snapshot() {
        const std::lock_guard lock(mutex_);
        return job_;
    }
    void cancel() { cancelled_ = true; }
    void end(sys::WallTime when, const Error* error) {
        const std::lock_guard lock(mutex_);
        job_.ended = when;
        if (error == nullptr) {
            job_.state = JobState::completed;
            job_.percent = 100;
            return;
        }
        job_.state = JobState::exception;
        job_.code = error->code();
        job_.error = error->what();
        for (const ErrorPart& part : error->parts()) {
            if (const auto vm = VmId::parse(part.of))
                job_.member_errors.push_back({*vm, part.code, part.text});
        }
    }

  private:
    Observer& observer_;
    std::mutex mutex_;
    Job job_;
    std::atomic<bool> cancelled_{false};
};

Jobs::Jobs(sys::World& world, state::Repository& repository, Observer& observer)
    : world_(world), repository_(repository), observer_(observer) {
    for (const auto& [id, text] : repository_.list(kind)) {
        Job job = job_from_text(text);
        const JobId key = job.id;
        entries_.emplace(key, std::make_shared<Entry>(std::move(job), observer_));
    }
}

std::shared_ptr<JobHandle> Jobs::begin(Job job) {
    settle();
    drop_old();
    job.id = JobId(world_.random.uuid());
    job.state = JobState::running;
    job.started = world_.clock.wall();
    auto made = std::make_shared<Entry>(job, observer_);
    {
        const std::lock_guard lock(mutex_);
        if (entries_.size() >= limits::jobs_max) {
            ::reviver::fail(Code::out_of_memory,
                            "{} jobs are running or were ended less than {} ago", entries_.size(),
                            "five minutes");
        }
    }
    repository_.put(kind, job.id.text(), to_text(job));
    {
        const std::lock_guard lock(mutex_);
        entries_.emplace(job.id, made);
    }
    observer_.job_changed(job.id);
    return made;
}

JobId Jobs::note_refusal(Job job, const Error& error) {
    job.id = JobId(world_.random.uuid());
    job.started = world_.clock.wall();
    auto made = std::make_shared<Entry>(job, observer_);
    made->end(job.started, &error);
    {
        const std::lock_guard lock(mutex_);
        entries_.emplace(job.id, made);
        refusals_.push_back(job.id);
        if (refusals_.size() > limits::refusals_max) {
            entries_.erase(refusals_.front());
            refusals_.pop_front();
        }
    }
    observer_.job_changed(job.id);
    return job.id;
}

void Jobs::complete(JobId id) {
    end(id, nullptr);
}
void Jobs::fail(JobId id, const Error& error) {
    end(id, &error);
}

void Jobs::end(JobId id, const Error* error) {
    const auto found = entry(id);
    if (found == nullptr) return;
    found->end(world_.clock.wall(), error);
    const Job job = found->snapshot();
    if (error != nullptr) log_warning("{}: {}", job.name, job.error);
    {
        const std::lock_guard lock(mutex_);
        unsettled_.insert(id);
    }
    try {
        settle();
    } catch (const Error& trouble) {
        log_error("{} has ended, which is kept in memory alone: {}", job.name, trouble.what());
    }
    observer_.job_changed(id);
}

void Jobs::settle() {
    for (;;) {
        std::shared_ptr<Entry> ended;
        {
            const std::lock_guard lock(mutex_);
            if (unsettled_.empty()) return;
            ended = entries_.at(*unsettled_.begin());
        }
        repository_.put(kind, ended->id().text(), to_text(ended->snapshot()));
        const std::lock_guard lock(mutex_);
        unsettled_.erase(ended->id());
    }
}

std::shared_ptr<Jobs::Entry> Jobs::entry(JobId id) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : found->second;
}

std::vector<Job> Jobs::list() {
    drop_old();
    std::vector<Job> result;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, found] : entries_) result.push_back(found->snapshot());
    return result;
}

std::optional<Job> Jobs::find(JobId id) {
    const auto found = entry(id);
    if (found == nullptr) return std::nullopt;
    return found->snapshot();
}

void Jobs::cancel(JobId id) {
    const auto found = entry(id);
    if (found == nullptr) ::reviver::fail(Code::not_found, "there is no job {}", id.text());
    const Job job = found->snapshot();
    if (job.state != JobState::running) ::reviver::fail(Code::invalid_state, "the job has ended");
    if (!job.cancellable) {
        ::reviver::fail(Code::invalid_state, "'{}' cannot be cancelled", job.name);
    }
    found->cancel();
}

std::vector<Job> Jobs::interrupted() {
    std::vector<Job> result;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, found] : entries_) {
        Job job = found->snapshot();
        if (job.state == JobState::running) result.push_back(std::move(job));
    }
    return result;
}

std::shared_ptr<JobHandle> Jobs::resume(JobId id) {
    return entry(id);
}

void Jobs::drop_old() {
    const sys::WallTime now = world_.clock.wall();
    std::vector<state::Change> gone;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(entries_, [&](const auto& item) {
            const Job job = item.second->snapshot();
            if (job.state == JobState::running || now - job.ended < limits::job_kept) return false;
            if (unsettled_.contains(job.id)) return false;
            gone.push_back({kind, job.id.text(), std::nullopt});
            return true;
        });
    }
    if (!gone.empty()) repository_.commit(gone);
}

}  // namespace reviver::replication
