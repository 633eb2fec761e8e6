// Operations by which the sides trade their roles: planned failover, and reverse.

#include "base/error.h"
#include "replication/control.h"
#include "replication/disk_set.h"
#include "replication/engine.h"
#include "replication/limits.h"
#include "replication/link.h"
#include "replication/old_primary.h"

namespace reviver::replication {

namespace {

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
        if (stopping_) fail(Code::stopped, "the site is shutting down: {}", error.what());
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
    lock_prepared(context_, group);
    // One that was off early may have been started again while others were waited for.
    if (const auto running = context_.machines.running(vms); !running.empty()) {
        fail(Code::in_use, "{} was started again while '{}' was shut down",
             context_.machines.vm_name(running.front()).value_or(running.front().text()), c.name);
    }
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
                      try {
                          context_.machines.unlock(g.vm_ids());
                          g.advance(Event::planned_failover_reverted);
                      } catch (const Error&) {
                          // As long as the step is not made, the other side may bring them up: the
                          // keeper locks them again, after a crash as after this.
                          g.wake();
                          throw;
                      }
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
    if (!settings.included_disks.empty()) require_a_disk(c, settings);
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

}  // namespace reviver::replication
