// What the operations of the engine do (the files *_operations.cc; here are those that stand
// alone). Each first takes its step in the state machine, durably, then acts; each may be begun
// again after a crash at any line, because what it does to data and VMs is repeatable. What is
// begun again is at the end.

#include "base/error.h"
#include "base/log.h"
#include "replication/engine.h"
#include "replication/job_arguments.h"
#include "replication/limits.h"

namespace reviver::replication {

namespace {

std::string text_of(const store::Finding& finding, Machines& machines) {
    std::string points;
    for (const Sequence point : finding.points) {
        points += fmt::format("{}{}", points.empty() ? "" : ", ", point.value);
    }
    return fmt::format("disk {} ({}/{}), points {}: {} at {}: {}", finding.disk.text(),
                       machines.vm_name(finding.disk.vm).value_or("unknown VM"),
                       finding.disk.target, points, finding.path.string(), finding.offset,
                       finding.text);
}

// All of them go to the log, where there is room.
std::string text_of(const store::ScrubReport& report, Machines& machines) {
    const auto& findings = report.findings;
    std::string text = fmt::format("damage in {} places", findings.size());
    for (std::size_t i = 0; i < findings.size(); ++i) {
        const std::string line = text_of(findings[i], machines);
        log_error("scrub: {}", line);
        if (i < limits::findings_told) text += "\n  " + line;
    }
    if (findings.size() > limits::findings_told) text += "\n  and more, see the log";
    return text + (report.complete
                       ? "\nThe other points are sound: fail over to one of them if you have to"
                       : "\nIt ended there: other points may be damaged too");
}

}  // namespace

JobId Engine::scrub(CollectionId id, const std::string& owner) {
    const auto group = group_of(id);
    if (!context_.store.newest(id)) {
        fail(Code::invalid_state, "'{}' has no recovery points on site '{}'; scrub where it has",
             group->snapshot().name, context_.site.name);
    }
    return launch(
        group, {JobType::scrub, "Scrub", "", "", true}, owner, [this](Group& g, JobHandle& job) {
            const auto report =
                context_.store.scrub(g.id(), [&](std::uint64_t done, std::uint64_t all) {
                    job.progress(static_cast<unsigned>(all == 0 ? 0 : done * 100 / all), "reading");
                    return !stopping_ && !job.cancelled();
                });
            if (!report.findings.empty()) {
                fail(Code::corrupt, "{}", text_of(report, context_.machines));
            }
            if (!report.complete)
                fail(Code::stopped, "the scrub was ended before it had read everything");
            job.report(fmt::format("{} bytes read, nothing found", report.bytes_read));
        });
}

void Engine::remove_point(CollectionId id, Sequence point) {
    const auto group = group_of(id);
    auto turn = group->take_turn();
    context_.store.remove_point(id, point);
    context_.observer.collection_changed(id);
}

// ----------------------------------------------------------------------------------------------
// after a restart

void Engine::go_on() {
    for (const Job& job : context_.jobs.interrupted()) {
        try {
            go_on_with(job);
        } catch (const Error& error) {
            context_.jobs.fail(job.id, error);
        }
    }
    for (const Collection& c : collections()) flatten_behind(find(c.id), nullptr);
}

void Engine::go_on_with(const Job& job) {
    const auto group = group_of(job.collection);
    const auto handle = context_.jobs.resume(job.id);
    const auto place = group->snapshot().place;
    auto again = [&](Work work) {
        group->begin_operation(job.name);
        run_in_task(group, handle, std::move(work), false);
    };
    if (job.method == "start_replication" || job.method == "reverse" ||
        job.method == "resynchronize") {
        const bool pending = place.role == Role::primary && place.state != State::ready;
        if (!pending) fail(Code::failed, "the daemon was restarted before it began; call again");
        if (place.state == State::replicating) return context_.jobs.complete(job.id);
        group->set_waiting_job(handle);
        return group->wake();
    }
    if (job.method == "update_disk_set") return go_on_with_update(*group, job.id);
    if (job.method == "initiate_failover") {
        const auto point = point_of(job.argument);
        return again([this, point](Group& g, JobHandle&) {
            if (g.snapshot().place.state != State::recovered) fail_over(g, point);
        });
    }
    if (job.method == "revert_failover") {
        return again([this](Group& g, JobHandle&) { take_back_failover(g); });
    }
    if (job.method == "commit_failover") {
        return again([this](Group& g, JobHandle&) {
            commit(g);
            flatten_behind(find(g.id()), nullptr);
        });
    }
    if (job.method == "test_replica") {
        const auto point = point_of(job.argument);
        return again([this, trial = job.result, point](Group& g, JobHandle&) {
            make_trial(g, trial, point);
        });
    }
    if (job.method == "revert_test") {
        return again([this](Group& g, JobHandle&) { end_trial(g); });
    }
    if (job.method == "flatten") return flatten_behind(group, handle);
    if (job.method == "prepare_reverse") {
        return again([this](Group& g, JobHandle&) { step_aside(g); });
    }
    if (job.method == "remove") {
        const Role role = job.argument == was_primary ? Role::primary : Role::replica;
        return again([this, role](Group& g, JobHandle&) { remove(g, role); });
    }
    if (job.method == "initiate_planned_failover") {
        return again([this](Group& g, JobHandle& handle_again) {
            if (g.snapshot().place.state != State::failover_initiated)
                plan_failover(g, handle_again);
        });
    }
    fail(Code::failed, "the daemon was restarted while it ran; call again");
}

}  // namespace reviver::replication
