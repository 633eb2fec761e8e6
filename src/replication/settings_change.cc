// Changing the settings of a relationship while it replicates.

#include "base/error.h"
#include "replication/control.h"
#include "replication/engine.h"
#include "replication/link.h"

namespace reviver::replication {

namespace {

void require_takes_settings(const Collection& c, const std::string& site) {
    if (step_exists(c.place, Event::settings_modified) && !c.fenced) return;
    fail(Code::invalid_state,
         "'{}' is {} ({}) on site '{}'; settings are changed at the primary, and not during a "
         "failover",
         c.name, name_of(c.place.state), name_of(c.place.role), site);
}

// What a relationship stands on stays as it was when it was made.
void require_same_ground(const Collection& c, const Settings& wanted) {
    if (wanted.recovery_connection_point != c.settings.recovery_connection_point) {
        fail(Code::not_supported,
             "RecoveryConnectionPoint is '{}' and cannot become '{}': remove the relationship and "
             "make it anew",
             c.settings.recovery_connection_point, wanted.recovery_connection_point);
    }
    if (wanted.included_disks != c.settings.included_disks) {
        fail(Code::not_supported,
             "IncludedDisks of '{}' cannot change while it replicates: remove the relationship and "
             "make it anew",
             c.name);
    }
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
    require_same_ground(c, settings);
    const Operation operation{JobType::modify_replication, "Modify the settings of", "", ""};
    return launch(group, operation, owner, [this, settings](Group& g, JobHandle&) {
        const Collection now = g.snapshot();
        const auto link = connect(context_, now, now.peer);
        ask(context_, *link, "settings",
            to_text(control::NewSettings{now.id, now.epoch, settings}));
        g.update([&](Collection& changed) {
            require_takes_settings(changed, context_.site.name);
            changed.settings = settings;
        });
        g.wake();
    });
}

}  // namespace reviver::replication
