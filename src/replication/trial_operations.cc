// Tests: VMs of their own on a recovery point, beside the replica, which takes points as before.
//
// The replica's document says of a test from before anything of it is there until nothing of it is
// left; so whatever a crash leaves is found, and is finished or taken away. Nobody's turn is held
// while the VMs are made, for points have to arrive meanwhile: the pin keeps the files that the VMs
// need, and no other operation begins.
//
//     recorded, state 13 -> pinned -> VMs, network -> the test's collection -> state as before
//     VMs, network -> the test's collection -> unpinned -> not recorded any more
//
// A failover is possible beside a test. What would take away the files under it (a commit), or the
// collection that it is found by (a removal), waits for somebody to revert it: what is written in a
// test may be needed, and only a person knows.

#include "base/error.h"
#include "base/log.h"
#include "recovery/trial_ids.h"
#include "replication/engine.h"
#include "replication/vm_failures.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr const char* pin_reason = "test";
constexpr const char* name_suffix = " - Test";

Event event_after(State before) {
    switch (before) {
        case State::suspended:
            return Event::test_ended_suspended;
        case State::critical:
            return Event::test_ended_critical;
        default:
            return Event::test_ended;
    }
}

// Back to where the replica was, unless a failover came in between.
void go_back(Group& group, const std::function<void(Collection&)>& change = {}) {
    const Collection c = group.snapshot();
    const Event event = event_after(c.trial->before);
    if (step_exists(c.place, event)) {
        group.advance(event, change);
    } else if (change) {
        group.update(change);
    }
}

// People and the collection know the VM that was to be tested, not the one that did not come to be.
std::vector<VmFailure> of_originals(const TrialPlan& plan, std::vector<VmFailure> failures) {
    for (VmFailure& failure : failures)
        failure.vm = std::ranges::find(plan.vms, failure.vm, &TrialVm::id)->original;
    return failures;
}

std::string name_of_trial(const std::string& replica) {
    return replica + name_suffix;
}

}  // namespace

void Engine::require_no_trial(const Collection& c, const char* what) {
    if (!c.trial) return;
    fail(Code::invalid_state, "'{}' is being tested as '{}': revert the test first, then {}",
         c.name, name_of_trial(c.name), what);
}

bool Engine::is_of_a_trial(const std::string& vm) {
    const auto all = collections();
    return std::any_of(all.begin(), all.end(), [&](const Collection& c) {
        return c.place.role == Role::test_replica &&
               std::find(c.members.begin(), c.members.end(), vm) != c.members.end();
    });
}

Engine::TrialBegun Engine::test_replica(CollectionId replica, std::optional<Sequence> point,
                                        const std::string& owner) {
    const auto found = group_of(replica)->snapshot();
    if (found.trial) {
        fail(Code::invalid_state,
             "'{}' is being tested already, from point {}; revert that test first, there is one at "
             "a time",
             found.name, found.trial->point.value);
    }
    const auto group = require(replica, Event::test_started);
    if (!context_.store.newest(replica))
        fail(Code::invalid_state, "'{}' has no recovery point yet", found.name);
    if (point && !has_point(replica, *point)) {
        fail(Code::invalid_parameter, "'{}' has no recovery point {}", found.name, point->value);
    }
    const CollectionId trial(context_.world.random.uuid());
    Operation operation{JobType::test_failover, "Test failover of", "test_replica",
                        point ? std::to_string(point->value) : ""};
    operation.result = trial;
    const JobId job = launch(group, operation, owner, [this, trial, point](Group& g, JobHandle&) {
        make_trial(g, trial, point);
    });
    return {job, trial};
}

// What is recorded has its VMs named, so that a revert knows them without the point.
Collection Engine::begin_trial(Group& group, CollectionId trial, std::optional<Sequence> asked) {
    auto turn = group.take_turn();
    const auto newest = context_.store.newest(group.id());
    if (!newest) fail(Code::invalid_state, "'{}' has no recovery point", group.snapshot().name);
    const Sequence point = asked.value_or(newest->sequence);
    const FailoverPlan plan = plan_of(group.snapshot(), point);
    const State before = group.snapshot().place.state;
    return group.advance(Event::test_started, [&](Collection& c) {
        c.trial = Trial{trial, point, {}, before};
        for (const VmDefinition& vm : plan.vms)
            c.trial->vms.push_back(recovery::id_in_trial(trial, vm.id));
    });
}

void Engine::make_trial(Group& group, CollectionId trial, std::optional<Sequence> point) {
    Collection c = group.snapshot();
    if (!c.trial) c = begin_trial(group, trial, point);
    if (c.place.state != State::test_failover_initiated) {
        if (find(trial) != nullptr) return;  // a crash came after the last line
        fail(Code::failed, "the test of '{}' was given up; revert it to remove what is left of it",
             c.name);
    }
    group.interrupt();  // upkeep makes way for the pin
    try {
        set_up_trial(c);
    } catch (Error& error) {
        // The job goes on at the next start.
        if (stopping_) fail(Code::stopped, "the site is shutting down: {}", error.what());
        try {
            end_trial(group);
        } catch (const Error& more) {
            log_error("what was made for the test of '{}' is left: {}", c.name, more.what());
            go_back(group);
            error.add_context("revert the test to remove what was made of it");
        }
        throw;
    }
    group.update_statistics(
        [&](Statistics& s) { s.last_test_failover = context_.world.clock.wall(); });
    go_back(group);
}

void Engine::set_up_trial(const Collection& replica) {
    const Trial& trial = *replica.trial;
    context_.store.pin(replica.id, trial.point, pin_reason);
    TrialPlan plan{trial.collection, plan_of(replica, trial.point), {}};
    for (const VmDefinition& vm : plan.point.vms) {
        plan.vms.push_back(
            {recovery::id_in_trial(trial.collection, vm.id), vm.name + name_suffix, vm.id});
    }
    const auto failures = context_.machines.make_trial(plan);
    if (!failures.empty()) {
        fail_of(plan.point.vms, of_originals(plan, failures), "could not be made for the test",
                "mend that and test again");
    }
    show_trial(replica, plan);
}

void Engine::show_trial(const Collection& replica, const TrialPlan& plan) {
    if (find(plan.collection) != nullptr) return;
    Collection shown;
    shown.id = plan.collection;
    shown.name = name_of_trial(replica.name);
    shown.place = {Role::test_replica, State::disabled};
    shown.failover_point = plan.point.sequence;
    for (const TrialVm& vm : plan.vms) shown.members.push_back(vm.id.text());
    add(shown);
}

JobId Engine::revert_test(CollectionId replica, const std::string& owner) {
    const auto group = group_of(replica);
    if (!group->snapshot().trial) {
        fail(
            Code::invalid_state,
            "'{}' is not being tested on site '{}'; a test is reverted with the replica that it is "
            "of",
            group->snapshot().name, context_.site.name);
    }
    return launch(group,
                  {JobType::revert_test_failover, "Revert test failover of", "revert_test", ""},
                  owner, [this](Group& g, JobHandle&) { end_trial(g); });
}

void Engine::end_trial(Group& group) {
    const Collection c = group.snapshot();
    if (!c.trial) return;  // a crash came after the last line
    log_info("'{}': the test of point {} is taken away", c.name, c.trial->point.value);
    context_.machines.remove_trial(c.trial->collection, c.trial->vms);
    drop(c.trial->collection);
    context_.store.unpin(c.id, c.trial->point, pin_reason);
    go_back(group, [](Collection& g) { g.trial.reset(); });
    log_info("'{}': nothing is left of the test", c.name);
}

}  // namespace reviver::replication
