// What follows a committed failover: the VMs' disks become independent of the store's layers.

#include "base/error.h"
#include "base/log.h"
#include "replication/engine.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr std::chrono::seconds flatten_pause{5};

// Committed, and the VMs' disks may still need the store's layers.
bool is_to_be_flattened(const Collection& c) {
    const bool committed = c.place.state == State::committed || c.place.role == Role::primary;
    return committed && c.failover_point.value != 0 && !c.flattened;
}

}  // namespace

// Behind the commit, the VMs' disks take over what the layers hold, until only the base is under
// them. It is a job of its own, for its progress can be watched; it waits for VMs that are off.
void Engine::flatten_behind(std::shared_ptr<Group> group, std::shared_ptr<JobHandle> job) {
    if (group == nullptr) return;
    const Collection c = group->snapshot();
    const bool owed = is_to_be_flattened(c);
    if (!owed && job != nullptr) return context_.jobs.complete(job->id());
    if (!owed || (job == nullptr && is_flattening(c.id))) return;
    if (job == nullptr) {
        Job begun;
        begun.type = JobType::commit_failover;
        begun.collection = c.id;
        begun.name = fmt::format("Merge the recovery point into the disks of '{}'", c.name);
        begun.method = "flatten";
        job = context_.jobs.begin(begun);
    }
    start_task("flatten " + c.id.text(), [this, group, job] {
        try {
            flatten_until_done(*group, *job);
            context_.jobs.complete(job->id());
        } catch (const Error& error) {
            if (!stopping_) context_.jobs.fail(job->id(), error);
        }
    });
}

bool Engine::is_flattening(CollectionId id) {
    const auto jobs = context_.jobs.interrupted();
    return std::any_of(jobs.begin(), jobs.end(), [&](const Job& job) {
        return job.collection == id && job.method == "flatten";
    });
}

// Nothing when it is done, else what it waits for. A VM that dies under the work, or a full disk,
// puts it off.
std::optional<std::string> Engine::flatten_once(Group& group, JobHandle& job) {
    auto progress = [&job](unsigned percent) { job.progress(percent, "merging"); };
    auto interrupted = group.interrupted();
    auto cancelled = [this, interrupted] { return stopping_ || interrupted(); };
    // Cycles wait for their turn meanwhile: a QEMU whose block graph changes as a copy ends does
    // not always live through being asked about it. Operations need not wait, they interrupt. And
    // what the store holds is the failover's for certain only as long as nobody else has the turn.
    auto turn = group.take_turn();
    const Collection c = group.snapshot();
    if (!is_to_be_flattened(c)) return {};
    try {
        // The point is pinned: if it is gone, the store handed the bases over just before a crash.
        if (has_point(c.id, c.failover_point)) {
            if (!context_.machines.flatten(plan_of(c, c.failover_point), progress, cancelled))
                return "waiting for the VMs to run";
            context_.store.hand_over(c.id);
        }
        group.update([](Collection& g) { g.flattened = true; });
        return {};
    } catch (const Error& error) {
        if (stopping_ || error.code() == Code::not_supported) throw;
        return error.what();
    }
}

void Engine::flatten_until_done(Group& group, JobHandle& job) {
    std::string before;
    while (const auto waits_for = flatten_once(group, job)) {
        job.progress(0, *waits_for);
        if (*waits_for != before)
            log_info("'{}' is not merged yet: {}", group.snapshot().name, *waits_for);
        before = *waits_for;
        const auto until = context_.world.clock.after(flatten_pause);
        while (context_.world.clock.mono() < until) {
            if (stopping_) fail(Code::stopped, "the site is shutting down");
            context_.world.clock.sleep_until(
                context_.world.clock.after(std::chrono::milliseconds(200)));
        }
    }
}

}  // namespace reviver::replication
