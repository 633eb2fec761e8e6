// Operations on the relationship itself: making, suspending, resuming and removing it.

#include "base/error.h"
#include "replication/control.h"
#include "replication/disk_set.h"
#include "replication/engine.h"
#include "replication/export_run.h"
#include "replication/job_arguments.h"
#include "replication/link.h"
#include "replication/vm_failures.h"

namespace reviver::replication {

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

}  // namespace reviver::replication
