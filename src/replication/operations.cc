// What the operations of the engine do. Each first takes its step in the state machine, durably,
// then acts; each may be begun again after a crash at any line, because what it does to data and
// VMs is repeatable.

#include "base/error.h"
#include "base/log.h"
#include "replication/control.h"
#include "replication/disk_set.h"
#include "replication/engine.h"
#include "replication/export_run.h"
#include "replication/limits.h"
#include "replication/link.h"
#include "replication/old_primary.h"
#include "replication/vm_failures.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr const char* pin_reason = "failover";
constexpr const char* was_primary = "primary";  // argument of a removal
constexpr std::chrono::seconds flatten_pause{5};

// Of a job: nothing for the newest.
std::optional<Sequence> point_of(const std::string& argument) {
    if (argument.empty()) return std::nullopt;
    return Sequence{std::stoull(argument)};
}

// Committed, and the VMs' disks may still need the store's layers.
bool is_to_be_flattened(const Collection& c) {
    const bool committed = c.place.state == State::committed || c.place.role == Role::primary;
    return committed && c.failover_point.value != 0 && !c.flattened;
}

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

void require_imported(const Collection& c) {
    if (!c.exported.complete) return;
    fail(Code::invalid_state, "site '{}' has not imported the initial copy of '{}' from {}", c.peer,
         c.name, c.exported.directory);
}

// This side gives up its role for good, so the other one has to have what it takes to go on.
void require_other_side_can_go_on(const Collection& c) {
    require_imported(c);
    if (c.initial_complete && !c.reverse_pending) return;
    fail(Code::invalid_state, "site '{}' has no recovery point of '{}' to go on from", c.peer,
         c.name);
}

}  // namespace

// ----------------------------------------------------------------------------------------------
// relationship

void Engine::require_peer(const Settings& settings) {
    validate(settings);
    if (!context_.peers.find(settings.recovery_connection_point)) {
        fail(Code::invalid_parameter, "no site '{}' is paired with this one; run `reviver pair`",
             settings.recovery_connection_point);
    }
}

// Answers the epoch that the relationship begins in: the other side may know of later ones than
// this side does, from a relationship that this side's state says nothing of.
Epoch make_recovery_side(Context& context, wire::PeerLink& link, control::Create question) {
    for (unsigned attempt = 0; attempt < 3; ++attempt) {
        const auto answer =
            control::create_answer_from_text(ask(context, link, "create", to_text(question)));
        if (answer.used < question.epoch) return question.epoch;
        question.epoch = answer.used.next();
    }
    fail(Code::in_use, "the other site finds no epoch for '{}'; try again", question.name);
}

JobId Engine::create_relationship(CollectionId id, Settings settings, const std::string& owner) {
    const auto group = require(id, Event::relationship_created);
    require_peer(settings);
    settings.primary_connection_point = context_.site.name;
    if (group->snapshot().members.empty()) {
        fail(Code::invalid_state, "'{}' has no members; add VMs first", group->snapshot().name);
    }
    return launch(group, {JobType::enable_replication, "Enable replication of", "", ""}, owner,
                  [this, settings](Group& g, JobHandle&) {
                      auto turn = g.take_turn();
                      const Collection c = g.snapshot();
                      const auto disks =
                          context_.machines.group(c.id, g.vm_ids(), settings.included_disks);
                      if (disks->shapes().empty()) {
                          fail(Code::invalid_parameter, "'{}' has no disk to replicate", c.name);
                      }
                      const auto link = connect(context_, c, settings.recovery_connection_point);
                      const Epoch epoch = make_recovery_side(
                          context_, *link, {c.id, c.epoch.next(), c.name, settings, disks->vms()});
                      g.advance(Event::relationship_created, [&](Collection& made) {
                          Collection fresh;
                          fresh.id = made.id;
                          fresh.name = made.name;
                          fresh.members = made.members;
                          fresh.place = made.place;
                          fresh.epoch = epoch;
                          fresh.peer = settings.recovery_connection_point;
                          fresh.settings = settings;
                          made = fresh;
                      });
                      keeper_of(c.id).forget_disks();
                  });
}

void Engine::suspend(CollectionId id) {
    const auto group = require(id, Event::suspend_asked);
    group->interrupt();
    auto turn = group->take_turn();
    group->advance(Event::suspend_asked);
}

void Engine::resume(CollectionId id) {
    const auto group = group_of(id);
    const bool complete = group->snapshot().initial_complete;
    const Event event = complete ? Event::resume_asked : Event::resume_initial_asked;
    require(id, event);
    if (group->snapshot().fenced) {
        fail(Code::invalid_state, "{}", group->snapshot().trouble);
    }
    group->advance(event, [](Collection& c) { c.trouble.clear(); });
    group->wake();
}

JobId Engine::remove_relationship(CollectionId id, const std::string& owner) {
    const auto group = require(id, Event::removed);
    require_no_trial(group->snapshot(), "the relationship can be removed");
    const Role role = group->snapshot().place.role;
    const std::string argument(role == Role::primary ? was_primary : "");
    return launch(group, {JobType::remove_replication, "Remove replication of", "remove", argument},
                  owner, [this, role](Group& g, JobHandle&) { remove(g, role); });
}

// Order: what a former replica's VMs need is made before the step, for afterwards nobody knows the
// points; what lets VMs run again on what they had before is done after it, for as long as the
// relationship stands they may be another site's, and their disks a seed.
void Engine::remove(Group& group, Role role_before) {
    group.interrupt();
    auto turn = group.take_turn();
    const Collection c = group.snapshot();
    // After a crash past the step only the job knows what this side was.
    const Role role = c.place.role == Role::none ? role_before : c.place.role;
    std::optional<FailoverPlan> set_up;
    JobId update;
    if (c.place.role == Role::replica) set_up = leave_recovery_side(c);
    if (c.place.role != Role::none) {
        try {
            group.advance(Event::removed, [&update](Collection& g) {
                g.trouble.clear();
                g.peer.clear();
                g.fenced = false;
                g.agenda = {};
                g.exported = {};
                g.reverse_pending = false;
                g.failover_type = FailoverType::none;
                g.failover_point = Sequence();
                g.changes.clear();
                update = drop_update(g);
            });
        } catch (const Error&) {
            if (set_up) context_.machines.revert_failover(*set_up);
            throw;
        }
    }
    group.give_up_waiting("the replication was removed");
    fail_update_job(context_, update, "the replication was removed");
    forget_export(context_, c);
    if (role == Role::primary) {
        context_.machines.unlock(group.vm_ids());
        keeper_of(c.id).disks().choose(followed_of(group.snapshot()));
        keeper_of(c.id).disks().stop_tracking();
    }
    if (context_.store.tip(c.id)) context_.store.remove_collection(c.id, false);
    if (role != Role::primary) context_.machines.forget_replicas(c.id, group.vm_ids());
    keeper_of(c.id).forget_disks();
}

// The collection, its VMs and disks stay as the last point left them: VMs that are failed over
// already are that; the others are set up on the newest point, or on that of a failover that was
// not complete. Answers what was set up here and now.
std::optional<FailoverPlan> Engine::leave_recovery_side(const Collection& c) {
    const bool failed_over = c.failover_point.value != 0;
    const bool complete = c.place.state == State::recovered || c.place.state == State::committed;
    if (failed_over && complete) return {};
    const auto newest = context_.store.newest(c.id);
    if (!newest) return {};
    const FailoverPlan plan = plan_of(c, failed_over ? c.failover_point : newest->sequence);
    const auto failures = context_.machines.fail_over(plan);
    if (!failures.empty()) {
        // The relationship goes on, so nobody may start those that were set up.
        if (!failed_over) context_.machines.revert_failover(plan);
        fail_of(plan.vms, failures, "could not be set up from the newest point",
                "mend that and remove the replication again");
    }
    return failed_over ? std::nullopt : std::optional(plan);
}

// ----------------------------------------------------------------------------------------------
// failover

bool Engine::has_point(CollectionId id, Sequence sequence) {
    const auto points = context_.store.points(id);
    return std::any_of(points.begin(), points.end(),
                       [&](const PointInfo& p) { return p.sequence == sequence; });
}

FailoverPlan Engine::plan_of(const Collection& c, Sequence sequence) {
    const auto points = context_.store.points(c.id);
    const auto point = std::find_if(points.begin(), points.end(),
                                    [&](const PointInfo& p) { return p.sequence == sequence; });
    if (point == points.end()) {
        fail(Code::not_found, "'{}' has no recovery point {}", c.name, sequence.value);
    }
    const Epoch epoch = c.failover_point.value != 0 ? c.failover_epoch : c.epoch;
    FailoverPlan plan{c.id, c.name, epoch, sequence, point->vms, {}};
    for (const DiskShape& shape : point->disks) {
        const auto chain = context_.store.chain_files(c.id, sequence, shape.key);
        plan.disks.push_back({shape, chain.back().path, chain.back().format, chain.front().path,
                              chain.front().format});
    }
    return plan;
}

JobId Engine::initiate_failover(CollectionId id, std::optional<Sequence> point,
                                const std::string& owner) {
    const auto group = require(id, Event::failover_started);
    const Collection c = group->snapshot();
    if (!context_.store.newest(id))
        fail(Code::invalid_state, "'{}' has no recovery point yet", c.name);
    if (point && !has_point(id, *point)) {
        fail(Code::invalid_parameter, "'{}' has no recovery point {}", c.name, point->value);
    }
    if (point && c.failover_point.value != 0 && *point != c.failover_point) {
        fail(Code::invalid_parameter,
             "some VMs of '{}' are set up on recovery point {}: repeat the failover to it, or "
             "revert "
             "it before choosing another point",
             c.name, c.failover_point.value);
    }
    const std::string argument = point ? std::to_string(point->value) : "";
    return launch(group, {JobType::initiate_failover, "Fail over", "initiate_failover", argument},
                  owner, [this, point](Group& g, JobHandle&) { fail_over(g, point); });
}

void Engine::fail_over(Group& group, std::optional<Sequence> asked) {
    group.interrupt();
    auto turn = group.take_turn();
    Collection c = group.snapshot();
    const auto newest = context_.store.newest(c.id);
    if (!newest) fail(Code::invalid_state, "'{}' has no recovery point", c.name);
    const bool repeated = c.failover_point.value != 0;
    const Sequence point = repeated ? c.failover_point : asked.value_or(newest->sequence);
    // Before the step: a failover that is on record has its point, whatever fails after it.
    context_.store.pin(c.id, point, pin_reason);
    if (c.place.state != State::failover_initiated) {
        c = group.advance(Event::failover_started, [&](Collection& g) {
            if (repeated) return;
            g.failover_point = point;
            g.failover_epoch = g.epoch;
            g.last_sequence = newest->sequence;
            const bool planned =
                g.failover_point == newest->sequence && newest->kind == PointKind::planned;
            g.failover_type = planned ? FailoverType::planned : FailoverType::regular;
        });
    }
    const FailoverPlan plan = plan_of(c, c.failover_point);
    const auto failures = context_.machines.fail_over(plan);
    if (failures.empty()) {
        // What the point holds is kept here too: a reverse needs it when the store has let go of
        // the point.
        group.advance(Event::failover_completed, [&](Collection& g) {
            g.shapes.clear();
            for (const PointDisk& disk : plan.disks) g.shapes.push_back(disk.shape);
            g.members.clear();
            for (const VmDefinition& vm : plan.vms) g.members.push_back(vm.id.text());
        });
        return;
    }
    constexpr std::string_view what = "could not be set up";
    if (failures.size() < plan.vms.size()) {
        group.advance(Event::failover_partly_completed);
        fail_of(plan.vms, failures, what, "mend that and repeat the failover, or revert it");
    }
    context_.machines.revert_failover(plan);
    context_.store.unpin(c.id, c.failover_point, pin_reason);
    group.advance(Event::failover_failed, [](Collection& g) {
        g.failover_point = Sequence();
        g.failover_type = FailoverType::none;
    });
    fail_of(plan.vms, failures, what, "mend that and fail over again");
}

JobId Engine::revert_failover(CollectionId id, const std::string& owner) {
    const auto group = require(id, Event::failover_reverted);
    return launch(group, {JobType::revert_failover, "Revert failover of", "revert_failover", ""},
                  owner, [this](Group& g, JobHandle&) { take_back_failover(g); });
}

void Engine::take_back_failover(Group& group) {
    auto turn = group.take_turn();
    const Collection c = group.snapshot();
    if (!step_exists(c.place, Event::failover_reverted))
        return;  // a crash came after the last line
    context_.machines.revert_failover(plan_of(c, c.failover_point));
    context_.store.unpin(c.id, c.failover_point, pin_reason);
    group.advance(Event::failover_reverted, [](Collection& g) {
        g.failover_point = Sequence();
        g.failover_type = FailoverType::none;
    });
}

JobId Engine::commit_failover(CollectionId id, const std::string& owner) {
    const auto group = require(id, Event::failover_committed);
    require_no_trial(group->snapshot(), "the failover can be committed");
    return launch(group, {JobType::commit_failover, "Commit failover of", "commit_failover", ""},
                  owner, [this](Group& g, JobHandle&) {
                      commit(g);
                      flatten_behind(find(g.id()), nullptr);
                  });
}

// From here the relationship has a new epoch: the old primary, wherever it is, is refused, and
// locks itself when it asks.
void Engine::commit(Group& group) {
    auto turn = group.take_turn();
    if (!step_exists(group.snapshot().place, Event::failover_committed)) return;
    group.advance(Event::failover_committed, [](Collection& c) {
        c.epoch = c.epoch.next();
        c.flattened = false;
    });
}

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

void Engine::start_members(CollectionId id) {
    const auto group = group_of(id);
    const Collection c = group->snapshot();
    const bool may_run =
        !is_in_relationship(c.place.role) || c.failover_point.value != 0 ||
        (c.place.role == Role::primary && !c.fenced && c.place.state != State::failover_initiated &&
         c.place.state != State::planned_failover_initiated &&
         c.place.state != State::repurpose_initiated);
    if (!may_run) {
        fail(Code::invalid_state, "the VMs of '{}' may not run on site '{}' now: it is {} ({})",
             c.name, context_.site.name, name_of(c.place.state), name_of(c.place.role));
    }
    context_.machines.start(group->vm_ids());
}

// ----------------------------------------------------------------------------------------------
// planned failover

JobId Engine::initiate_planned_failover(CollectionId id, const std::string& owner) {
    const auto group = require(id, Event::planned_failover_started);
    require_imported(group->snapshot());
    const Operation operation{JobType::planned_failover, "Planned failover of",
                              "initiate_planned_failover", "", true};
    return launch(group, operation, owner,
                  [this](Group& g, JobHandle& job) { plan_failover(g, job); });
}

// Who ran is on record with the step: when it comes to nothing, those run again.
void Engine::plan_failover(Group& group, JobHandle& job) {
    group.interrupt();
    auto turn = group.take_turn();
    if (group.snapshot().place.state != State::planned_failover_initiated) {
        const auto running = context_.machines.running(group.vm_ids());
        group.advance(Event::planned_failover_started, [&](Collection& c) {
            c.to_run.clear();
            for (const VmId vm : running) c.to_run.push_back(vm.text());
        });
    }
    try {
        hand_over(group, job);
    } catch (Error& error) {
        if (stopping_) throw;
        // Before the step: what a crash leaves out here is done when the job is taken up again.
        context_.machines.unlock(group.vm_ids());
        error.add_context(run_again(group.snapshot()));
        group.advance(Event::planned_failover_failed);
        throw;
    }
    group.advance(Event::planned_failover_synced);
}

// Order: VMs off, then locked, then the last delta: nothing can be written between the delta and
// the other side taking over.
void Engine::hand_over(Group& group, JobHandle& job) {
    const auto vms = group.vm_ids();
    const Collection c = group.snapshot();
    job.progress(5, "shutting VMs down");
    ShutDown how;
    how.patience = limits::shut_down_patience;
    how.cancelled = [this, &job] { return stopping_ || job.cancelled(); };
    how.told = [&job](const std::string& status) { job.progress(5, status); };
    context_.machines.shut_down(vms, how);
    context_.machines.lock(
        vms, fmt::format("'{}' is prepared for a planned failover to site {}", c.name, c.peer));
    const CycleResult result = keeper_of(c.id).cycle(
        PointKind::planned,
        [&job](unsigned percent, const std::string& status) {
            job.progress(10 + percent * 9 / 10, status);
        },
        how.cancelled);
    if (result.waits_for_import) require_imported(group.snapshot());
}

// For the person who asked for the failover: what became of the VMs.
std::string Engine::run_again(const Collection& c) {
    std::vector<VmId> vms;
    for (const std::string& member : c.to_run) {
        if (const auto vm = VmId::parse(member)) vms.push_back(*vm);
    }
    try {
        context_.machines.start(vms);
        return "the planned failover was given up, and the VMs that ran before it run again";
    } catch (const Error& error) {
        return fmt::format(
            "the planned failover was given up; VMs that it had shut down could not be started "
            "again, start them by hand ({})",
            error.what());
    }
}

JobId Engine::revert_planned_failover(CollectionId id, const std::string& owner) {
    const auto group = require(id, Event::planned_failover_reverted);
    return launch(group, {JobType::revert_planned_failover, "Revert planned failover of", "", ""},
                  owner, [this](Group& g, JobHandle&) {
                      auto turn = g.take_turn();
                      const Collection c = g.snapshot();
                      // The other side has to agree: it may have brought the VMs up already.
                      const auto link = connect(context_, c, c.peer);
                      ask(context_, *link, "planned_reverted",
                          to_text(control::PlannedReverted{c.id, c.epoch}));
                      context_.machines.unlock(g.vm_ids());
                      g.advance(Event::planned_failover_reverted);
                  });
}

// ----------------------------------------------------------------------------------------------
// reverse

JobId Engine::prepare_reverse(CollectionId id, const std::string& owner) {
    const auto group = require(id, Event::reverse_prepared);
    require_other_side_can_go_on(group->snapshot());
    const Operation operation{JobType::reverse_replication, "Prepare the reverse of",
                              "prepare_reverse", ""};
    return launch(group, operation, owner, [this](Group& g, JobHandle&) { step_aside(g); });
}

void Engine::step_aside(Group& group) {
    group.interrupt();
    auto turn = group.take_turn();
    if (group.snapshot().place.state != State::repurpose_initiated) {
        group.advance(Event::reverse_prepared, [](Collection& c) {
            require_other_side_can_go_on(c);
            c.fenced = true;
        });
    }
    group.give_up_waiting("this side was prepared to become the replica");
    fence(context_, group);
}

JobId Engine::reverse(CollectionId id, Settings settings, const std::string& owner) {
    const auto group = group_of(id);
    const Collection c = group->snapshot();
    // After a planned failover nothing is undecided, so the commit is implied.
    const bool implied = c.place == Place{Role::replica, State::recovered} &&
                         c.failover_type == FailoverType::planned;
    if (!implied) require(id, Event::became_primary);
    require_no_trial(c, "the replication can be reversed");
    require_peer(settings);
    if (settings.recovery_connection_point != c.peer) {
        fail(Code::invalid_parameter,
             "RecoveryConnectionPoint is '{}'; the reverse of '{}' goes to its old primary, '{}'",
             settings.recovery_connection_point, c.name, c.peer);
    }
    settings.primary_connection_point = context_.site.name;
    const Operation operation{
        JobType::reverse_replication, "Reverse replication of", "reverse", "", false, true};
    return launch(group, operation, owner, [this, settings](Group& g, JobHandle& job) {
        g.set_waiting_job(context_.jobs.resume(job.id()));
        become_primary(g, settings);
        flatten_behind(find(g.id()), nullptr);
    });
}

// One durable change makes this side the primary; the keeper then brings the old one in, now or
// when it answers.
void Engine::become_primary(Group& group, const Settings& settings) {
    commit(group);
    auto turn = group.take_turn();
    group.advance(Event::became_primary, [&](Collection& g) {
        g.epoch = g.epoch.next();
        g.settings = settings;
        g.reverse_pending = true;
        g.agenda = {};
        g.agenda.resync_asked = true;
        g.reverse_report = {};
        g.shared_point = g.failover_point;
        g.failover_type = FailoverType::none;
        g.initial_complete = true;
        g.trouble.clear();
        drop_update(g);
    });
    keeper_of(group.id()).forget_disks();
}

// ----------------------------------------------------------------------------------------------
// the rest

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
    for (const Collection& c : collections()) {
        if (is_to_be_flattened(c)) flatten_behind(find(c.id), nullptr);
    }
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
