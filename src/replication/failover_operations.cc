// Failovers of a recovery side: to a point, back, for good; and starting the VMs that are set up.

#include "base/error.h"
#include "replication/engine.h"
#include "replication/vm_failures.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr const char* pin_reason = "failover";

}  // namespace

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

}  // namespace reviver::replication
