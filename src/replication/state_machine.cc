#include "replication/state_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace reviver::replication {

namespace {

using enum State;
using enum Event;

constexpr Place N{Role::none, disabled};
constexpr Place P(State state) {
    return {Role::primary, state};
}
constexpr Place R(State state) {
    return {Role::replica, state};
}

constexpr Transition table[] = {
    {N, relationship_created, P(ready)},
    {P(ready), initial_started, P(initial_replication)},
    {P(initial_replication), initial_completed, P(replicating)},
    {P(initial_replication), initial_cancelled, P(ready)},
    {P(suspended), initial_cancelled, P(ready)},  // as long as it is not complete

    {P(replicating), cycle_failed, P(critical)},
    {P(critical), cycle_succeeded, P(replicating)},
    {P(replicating), resync_needed, P(waiting_for_resync)},
    {P(critical), resync_needed, P(waiting_for_resync)},
    {P(suspended), resync_asked, P(waiting_for_resync)},
    {P(critical), resync_asked, P(waiting_for_resync)},
    {P(waiting_for_resync), resync_asked, P(waiting_for_resync)},
    {P(waiting_for_resync), resync_started, P(resynchronizing)},
    {P(waiting_for_resync), resync_cancelled, P(waiting_for_resync)},
    {P(resynchronizing), resync_cancelled, P(waiting_for_resync)},
    {P(resynchronizing), resync_completed, P(replicating)},
    {P(resynchronizing), cycle_failed, P(waiting_for_resync)},

    {P(replicating), planned_failover_started, P(planned_failover_initiated)},
    {P(planned_failover_initiated), planned_failover_synced, P(failover_initiated)},
    {P(planned_failover_initiated), planned_failover_failed, P(replicating)},
    {P(planned_failover_initiated), planned_failover_reverted, P(replicating)},
    {P(failover_initiated), planned_failover_reverted, P(replicating)},

    {P(failover_initiated), reverse_prepared, P(repurpose_initiated)},
    {P(replicating), reverse_prepared, P(repurpose_initiated)},
    {P(suspended), reverse_prepared, P(repurpose_initiated)},
    {P(critical), reverse_prepared, P(repurpose_initiated)},
    {P(waiting_for_resync), reverse_prepared, P(repurpose_initiated)},

    {P(repurpose_initiated), became_replica, R(replicating)},
    {P(failover_initiated), became_replica, R(replicating)},
    {P(planned_failover_initiated), became_replica, R(replicating)},
    {P(replicating), became_replica, R(replicating)},
    {P(suspended), became_replica, R(replicating)},
    {P(critical), became_replica, R(replicating)},
    {P(waiting_for_resync), became_replica, R(replicating)},
    {P(resynchronizing), became_replica, R(replicating)},

    {N, replica_created, R(initial_replication)},
    {R(initial_replication), initial_received, R(replicating)},

    {R(replicating), cycle_failed, R(critical)},
    {R(critical), cycle_succeeded, R(replicating)},

    {R(replicating), failover_started, R(failover_initiated)},
    {R(suspended), failover_started, R(failover_initiated)},
    {R(critical), failover_started, R(failover_initiated)},
    {R(partially_recovered), failover_started, R(failover_initiated)},
    // What ended half-way, on a full disk say, is done again or taken back.
    {R(failover_initiated), failover_started, R(failover_initiated)},
    {R(failover_initiated), failover_reverted, R(replicating)},
    {R(failover_initiated), failover_completed, R(recovered)},
    {R(failover_initiated), failover_partly_completed, R(partially_recovered)},
    {R(failover_initiated), failover_failed, R(replicating)},
    {R(recovered), failover_reverted, R(replicating)},
    {R(partially_recovered), failover_reverted, R(replicating)},
    {R(recovered), failover_committed, R(committed)},

    // While the VMs of a test are made, points arrive as before.
    {R(replicating), test_started, R(test_failover_initiated)},
    {R(suspended), test_started, R(test_failover_initiated)},
    {R(critical), test_started, R(test_failover_initiated)},
    {R(test_failover_initiated), test_ended, R(replicating)},
    {R(test_failover_initiated), test_ended_suspended, R(suspended)},
    {R(test_failover_initiated), test_ended_critical, R(critical)},
    // One that could not be ended, on a full disk say, stands in no failover's way.
    {R(test_failover_initiated), failover_started, R(failover_initiated)},

    {R(committed), became_primary, P(waiting_for_resync)},

    {P(ready), settings_modified, P(ready)},
    {P(initial_replication), settings_modified, P(initial_replication)},
    {P(replicating), settings_modified, P(replicating)},
    {P(suspended), settings_modified, P(suspended)},
    {P(critical), settings_modified, P(critical)},
    {P(waiting_for_resync), settings_modified, P(waiting_for_resync)},
    {P(resynchronizing), settings_modified, P(resynchronizing)},

    {P(initial_replication), suspend_asked, P(suspended)},
    {P(replicating), suspend_asked, P(suspended)},
    {P(resynchronizing), suspend_asked, P(suspended)},
    {R(initial_replication), suspend_asked, R(suspended)},
    {R(replicating), suspend_asked, R(suspended)},
    {P(suspended), resume_asked, P(replicating)},
    {P(critical), resume_asked, P(replicating)},
    {P(suspended), resume_initial_asked, P(initial_replication)},
    {R(suspended), resume_asked, R(replicating)},
    {R(critical), resume_asked, R(replicating)},
    {R(suspended), resume_initial_asked, R(initial_replication)},
};

std::string place_text(Place place) {
    return fmt::format("{} {} ({})", name_of(place.role), static_cast<int>(place.state),
                       name_of(place.state));
}

// A name for a node of a diagram: p3 is the primary that replicates.
std::string node(Place place) {
    constexpr std::string_view letters = "nprt";
    return fmt::format("{}{}", letters[static_cast<std::size_t>(place.role)],
                       static_cast<int>(place.state));
}

// One side's life; where it ends in the other role, the node is that of the other diagram.
std::string diagram(Role role) {
    std::string text = "```mermaid\nstateDiagram-v2\n";
    std::vector<std::string> named;
    for (const Transition& t : table) {
        if (t.from.role != role && t.to.role != role) continue;
        for (const Place& place : {t.from, t.to}) {
            if (place == N || std::find(named.begin(), named.end(), node(place)) != named.end())
                continue;
            text += fmt::format("    {}: {}\n", node(place), place_text(place));
            named.push_back(node(place));
        }
    }
    for (const Transition& t : table) {
        if (t.from.role != role && t.to.role != role) continue;
        text += fmt::format("    {} --> {}: {}\n", t.from == N ? "[*]" : node(t.from), node(t.to),
                            name_of(t.event));
    }
    return text + "```\n";
}

}  // namespace

std::span<const Transition> transitions() {
    return table;
}

std::string_view name_of(Event event) {
    switch (event) {
        case relationship_created:
            return "relationship created";
        case initial_started:
            return "initial replication started";
        case initial_completed:
            return "initial replication completed";
        case initial_cancelled:
            return "initial replication cancelled";
        case cycle_failed:
            return "cycle failed";
        case cycle_succeeded:
            return "cycle succeeded";
        case resync_needed:
            return "resynchronization needed";
        case resync_asked:
            return "resynchronization asked for";
        case resync_cancelled:
            return "resynchronization cancelled";
        case resync_started:
            return "resynchronization started";
        case resync_completed:
            return "resynchronization completed";
        case planned_failover_started:
            return "planned failover started";
        case planned_failover_synced:
            return "planned failover synced";
        case planned_failover_failed:
            return "planned failover failed";
        case planned_failover_reverted:
            return "planned failover reverted";
        case reverse_prepared:
            return "reverse prepared";
        case became_replica:
            return "became replica";
        case replica_created:
            return "replica created";
        case initial_received:
            return "initial replication received";
        case failover_started:
            return "failover started";
        case failover_completed:
            return "failover completed";
        case failover_partly_completed:
            return "failover partly completed";
        case failover_failed:
            return "failover failed";
        case failover_reverted:
            return "failover reverted";
        case failover_committed:
            return "failover committed";
        case test_started:
            return "test started";
        case test_ended:
            return "test prepared or given up";
        case test_ended_suspended:
            return "test prepared or given up while suspended";
        case test_ended_critical:
            return "test prepared or given up while critical";
        case became_primary:
            return "became primary";
        case settings_modified:
            return "settings modified";
        case suspend_asked:
            return "suspended";
        case resume_asked:
            return "resumed";
        case resume_initial_asked:
            return "resumed before the initial replication was complete";
        case removed:
            return "removed";
    }
    return "unknown";
}

std::optional<Place> step(Place from, Event event) {
    // Removing is possible from everywhere where there is a relationship.
    if (event == removed) return is_in_relationship(from.role) ? std::optional(N) : std::nullopt;
    const auto found = std::find_if(std::begin(table), std::end(table), [&](const Transition& t) {
        return t.from == from && t.event == event;
    });
    if (found == std::end(table)) return std::nullopt;
    return found->to;
}

std::string describe_transitions() {
    std::string text =
        "# States of a replicated collection\n\n"
        "Printed from the table in `src/replication/state_machine.cc`; a test keeps the two equal. "
        "The\n"
        "numbers are those of `Msvm_VirtualSystemCollection.ReplicationState`. From every state of "
        "a\n"
        "relationship, *removed* leads back to none 0 (disabled).\n\n"
        "| From | Event | To |\n|---|---|---|\n";
    for (const Transition& t : table) {
        text += fmt::format("| {} | {} | {} |\n", place_text(t.from), name_of(t.event),
                            place_text(t.to));
    }
    text += fmt::format("\n## The primary's life\n\n{}\n## The replica's life\n\n{}",
                        diagram(Role::primary), diagram(Role::replica));
    return text;
}

}  // namespace reviver::replication
