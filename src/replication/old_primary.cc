#include "replication/old_primary.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/disk_set.h"
#include "replication/limits.h"
#include "replication/replica_desk.h"

#include <algorithm>

namespace reviver::replication {

namespace {

control::ReverseAnswer answer_of(Context& context, const Collection& c) {
    control::ReverseAnswer answer;
    answer.changes = c.changes;
    if (const auto newest = context.store.newest(c.id)) answer.newest = newest->sequence;
    return answer;
}

// A very scattered set of changes is told in larger pieces: more travels, nothing is missed.
std::vector<Range> bounded(const RangeSet& changes, std::uint64_t disk_bytes, std::size_t most) {
    RangeSet set = changes;
    for (std::uint64_t unit = 64 << 10; set.count() > most; unit *= 4) {
        set = set.widened_to(unit, disk_bytes);
    }
    return set.ranges();
}

std::vector<DiskChanges> changes_since(GroupDisks& disks, Sequence shared) {
    std::vector<DiskChanges> result;
    const auto shapes = disks.shapes();
    const std::size_t most = std::max<std::size_t>(
        1, limits::changes_ranges_max / std::max<std::size_t>(1, shapes.size()));
    for (std::uint32_t i = 0; i < shapes.size(); ++i) {
        const auto changed = disks.changed_since(i, shared);
        DiskChanges change{shapes[i].key, changed.has_value(), {}};
        if (changed) change.ranges = bounded(*changed, shapes[i].size_bytes, most);
        result.push_back(std::move(change));
    }
    return result;
}

bool nothing_changed(const std::vector<DiskChanges>& changes) {
    return std::all_of(changes.begin(), changes.end(),
                       [](const DiskChanges& c) { return c.known && c.ranges.empty(); });
}

PointInfo point_of_own_disks(Context& context, const Collection& c, GroupDisks& disks,
                             const control::Reverse& question, bool unchanged) {
    PointInfo info;
    info.sequence = std::max(c.last_sequence, question.shared).next();
    info.epoch = c.epoch;
    info.cut = CutId(context.world.random.uuid());
    // Nothing was written since the shared point: then this is that point, and no tail that a
    // person has to look at.
    info.kind = unchanged ? PointKind::planned : PointKind::tail;
    info.consistency = Consistency::crash;
    info.cut_time = context.world.clock.wall();
    info.committed_time = info.cut_time;
    info.disks = disks.shapes();
    info.vms = disks.vms();
    return info;
}

void turn_off(Context& context, Group& group) {
    ShutDown how;
    how.patience = limits::fence_patience;
    how.force = true;
    context.machines.shut_down(group.vm_ids(), how);
}

}  // namespace

void fence(Context& context, Group& group) {
    const Collection c = group.snapshot();
    context.machines.lock(group.vm_ids(),
                          fmt::format("'{}' was taken over by site {}. Use reviver failover there "
                                      "or here",
                                      c.name, c.peer));
    turn_off(context, group);
}

void lock_prepared(Context& context, Group& group) {
    const Collection c = group.snapshot();
    context.machines.lock(
        group.vm_ids(),
        fmt::format("'{}' is prepared for a planned failover to site {}", c.name, c.peer));
}

void fence_prepared(Context& context, Group& group) {
    lock_prepared(context, group);
    turn_off(context, group);
}

control::ReverseAnswer become_replica(Context& context, Group& group, Directory& directory,
                                      const control::Reverse& question) {
    group.interrupt();
    auto turn = group.take_turn();
    const Collection c = group.snapshot();
    if (question.epoch < c.epoch) {
        fail(Code::stale_epoch, "epoch {} of '{}' is over; this site holds {}",
             question.epoch.value, c.name, c.epoch.value);
    }
    if (c.place.role == Role::replica && c.epoch == question.epoch) return answer_of(context, c);
    const auto next = step(c.place, Event::became_replica);
    if (!next || c.epoch == question.epoch) {
        fail(Code::invalid_state, "'{}' is {} ({}) on site '{}' and cannot become a replica",
             c.name, name_of(c.place.state), name_of(c.place.role), context.site.name);
    }

    log_info("'{}': site '{}' takes over in epoch {}", c.name, c.peer, question.epoch.value);
    group.give_up_waiting(fmt::format("site '{}' has taken over", c.peer));
    fence(context, group);
    GroupDisks& disks = directory.disks(c.id);
    disks.choose(included_in(c.settings.included_disks));
    const auto changes = changes_since(disks, question.shared);
    const PointInfo own = point_of_own_disks(context, c, disks, question, nothing_changed(changes));
    std::vector<store::AdoptedDisk> adopted;
    for (const OwnDisk& disk :
         context.machines.own_disks(group.vm_ids(), c.settings.included_disks)) {
        adopted.push_back({disk.shape.key, disk.shape.size_bytes, disk.path, disk.format});
    }
    context.store.adopt(c.id, own, adopted);
    JobId update;
    const Collection after = group.advance(Event::became_replica, [&](Collection& g) {
        update = drop_update(g);
        g.leaving.clear();
        g.epoch = question.epoch;
        g.made_by = g.peer;
        g.made_in_group.clear();
        g.settings = question.settings;
        g.changes = changes;
        g.fenced = false;
        g.agenda = {};
        g.trouble.clear();
        g.failover_type = FailoverType::none;
        g.failover_point = Sequence();
        g.flattened = false;
        g.last_apply_time = context.world.clock.wall();
        g.last_apply_consistency = own.consistency;
    });
    fail_update_job(context, update, fmt::format("site '{}' has taken over", c.peer));
    disks.choose(followed_of(c));
    disks.stop_tracking();
    directory.forget_disks(c.id);
    // Once more: somebody may have asked for a resynchronization while this went on.
    group.give_up_waiting(fmt::format("site '{}' has taken over", c.peer));
    group.wake();
    return answer_of(context, after);
}

}  // namespace reviver::replication
