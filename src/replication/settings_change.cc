// Changing the settings of a relationship while it replicates, the set of disks among them.

#include "base/error.h"
#include "replication/control.h"
#include "replication/disk_set.h"
#include "replication/engine.h"
#include "replication/link.h"

#include <algorithm>

namespace reviver::replication {

namespace {

void require_takes_settings(const Collection& c, const std::string& site) {
    if (step_exists(c.place, Event::settings_modified) && !c.fenced) return;
    fail(Code::invalid_state,
         "'{}' is {} ({}) on site '{}'; settings are changed at the primary, and not during a "
         "failover",
         c.name, name_of(c.place.state), name_of(c.place.role), site);
}

// The other side stays the same site, whatever it is called and wherever it is reached: another one
// has none of the points.
void require_same_site(Context& context, const Collection& c, const Settings& wanted) {
    const std::string& name = wanted.recovery_connection_point;
    if (name == c.peer) return;
    const auto peer = context.peers.find(name);
    if (!peer) {
        fail(Code::invalid_parameter, "no site '{}' is paired with this one; run `reviver pair`",
             name);
    }
    if (c.peer_fingerprint.empty() || peer->fingerprint != c.peer_fingerprint) {
        fail(
            Code::not_supported,
            "RecoveryConnectionPoint is '{}' and cannot become '{}', which is another site: remove "
            "the relationship and make it anew",
            c.settings.recovery_connection_point, name);
    }
}

bool changes_disks(const Collection& c, const Settings& wanted) {
    return has_set(c) && wanted.included_disks != c.settings.included_disks;
}

}  // namespace

// The recovery side first: when it cannot be told, nothing has changed, and what only it knows
// after a crash in between is known to both when the call is repeated.
JobId Engine::modify_settings(CollectionId id, const Settings& wanted, const std::string& owner) {
    const auto group = group_of(id);
    const Collection c = group->snapshot();
    require_takes_settings(c, context_.site.name);
    Settings settings = wanted;
    settings.primary_connection_point = c.settings.primary_connection_point;
    validate(settings);
    require_same_site(context_, c, settings);
    require_disks_of_members(c, settings, [&](const DiskKey& key) {
        const auto disks = context_.machines.own_disks(group->vm_ids(), {key.text()});
        return std::ranges::any_of(disks, [&](const OwnDisk& d) { return d.shape.key == key; });
    });
    Operation operation{JobType::modify_replication, "Modify the settings of", "", "", false, true};
    if (changes_disks(c, settings))
        operation = {
            JobType::update_disk_set, "Update the disk set of", "update_disk_set", "", true, true};
    return launch(group, operation, owner, [this, settings](Group& g, JobHandle& job) {
        take_over_settings(g, settings, job);
    });
}

void Engine::take_over_settings(Group& group, const Settings& settings, JobHandle& job) {
    const Collection now = group.snapshot();
    if (settings.included_disks != now.settings.included_disks) require_a_disk(now, settings);
    require_same_site(context_, now, settings);
    const auto link = connect(context_, now, settings.recovery_connection_point);
    ask(context_, *link, "settings", to_text(control::NewSettings{now.id, now.epoch, settings}));
    JobId replaced;
    const Collection changed = group.update([&](Collection& c) {
        require_takes_settings(c, context_.site.name);
        if (changes_disks(c, settings)) replaced = begin_update(c, job.id());
        c.settings = settings;
        c.peer = settings.recovery_connection_point;
    });
    fail_update_job(context_, replaced, "the disk set was changed again");
    const bool waits = changed.disk_update && changed.disk_update->job == job.id();
    if (!waits) context_.jobs.complete(job.id());
    group.wake();
}

void Engine::require_a_disk(const Collection& c, const Settings& settings) {
    std::vector<VmId> vms;
    for (const std::string& member : c.members)
        if (const auto vm = VmId::parse(member)) vms.push_back(*vm);
    const auto disks = context_.machines.group(c.id, vms, settings.included_disks);
    if (disks->shapes().empty())
        fail(Code::invalid_parameter, "IncludedDisks would leave '{}' without any disk", c.name);
}

// After a restart. The document says whether the update goes on, or how it ended.
void Engine::go_on_with_update(Group& group, JobId job) {
    const Collection c = group.snapshot();
    if (c.disk_update && c.disk_update->job == job) return group.wake();
    if (c.updated_by == job) return context_.jobs.complete(job);
    fail(Code::failed, "the update of the disk set was cancelled, or not begun: call again");
}

JobId Engine::cancel_disk_update(CollectionId id, const std::string& owner) {
    const auto group = group_of(id);
    const Collection c = group->snapshot();
    require_takes_settings(c, context_.site.name);
    if (!c.disk_update)
        fail(Code::invalid_state, "no update of the disk set of '{}' is under way", c.name);
    const Operation operation{JobType::update_disk_set, "Cancel the update of the disk set of", "",
                              ""};
    return launch(group, operation, owner, [this](Group& g, JobHandle&) {
        g.interrupt();
        auto turn = g.take_turn();
        require_takes_settings(g.snapshot(), context_.site.name);
        cancel_update(context_, g);
        g.wake();
    });
}

}  // namespace reviver::replication
