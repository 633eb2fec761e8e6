// The life of a replicated collection as one table: who it is (role), where it is (state), what
// happens (event), where it is then. The numbers of roles and states are those of CIM clients. What
// the table does not name cannot happen: step() answers nothing, and the caller answers 32775
// (invalid state) or ignores the event, whichever fits.
//
// The step is pure; what is done on the way (jobs, data, VMs) belongs to the engine, which first
// makes the step durable and then acts.
#pragma once

#include "model/replication.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reviver::replication {

enum class Event : std::uint8_t {
    // the primary side
    relationship_created,
    initial_started,
    initial_completed,
    initial_cancelled,
    cycle_failed,  // repeatedly, or for a reason that repeating does not mend
    cycle_succeeded,
    resync_needed,
    resync_asked,
    resync_started,
    resync_completed,
    resync_cancelled,
    planned_failover_started,
    planned_failover_synced,
    planned_failover_failed,
    planned_failover_reverted,
    reverse_prepared,
    became_replica,  // the other side reversed
    // the recovery side
    replica_created,
    initial_received,
    failover_started,
    failover_completed,
    failover_partly_completed,
    failover_failed,
    failover_reverted,
    failover_committed,
    test_started,
    test_ended,  // its VMs are made, or what was made of them is gone
    test_ended_suspended,
    test_ended_critical,
    became_primary,  // this side reversed
    // either
    settings_modified,  // on the primary
    suspend_asked,
    resume_asked,          // the initial replication was complete
    resume_initial_asked,  // it was not
    removed,
};

struct Place {
    Role role = Role::none;
    State state = State::disabled;
    bool operator==(const Place&) const = default;
};

struct Transition {
    Place from;
    Event event;
    Place to;
};

std::span<const Transition> transitions();
std::string_view name_of(Event event);

// Where `event` leads, or nothing when it cannot happen at `from`.
std::optional<Place> step(Place from, Event event);
inline bool step_exists(Place from, Event event) {
    return step(from, event).has_value();
}

// The table as a Markdown page, with a diagram for each side.
std::string describe_transitions();

}  // namespace reviver::replication
