// A seeded start: the recovery side has an older copy of the group's disks, so that only what
// differs has to travel.
//
//   primary   asks "seed" and tells its disks           (ask_for_seed)
//   recovery  adopts, by one transaction of its store, the disks that its VMs had before they
//             became replicas; they are off and locked, and stay as they are    (take_seed)
//   primary   steps to the initial replication. Every greeting tells it what the seed holds: those
//             disks are compared, the others are copied whole.
//
// The first point builds on the seed as a later one does on the point before it; the seed itself is
// no point (store/store.h). A crash after the transaction leaves a seed that the next start uses,
// of whatever type; a removal leaves the disks to their VMs.
#pragma once

#include "replication/control.h"
#include "replication/group.h"

#include <string>

namespace reviver::replication {

// Code::invalid_state when there is nothing to seed from, with what is missing, and for a
// collection that has points; Code::in_use while it is suspended.
control::SeedAnswer take_seed(Context& context, Group& group, const control::Seed& question);

// Answers what to tell people. Code::not_supported when the other site is of a version without
// seeds.
std::string ask_for_seed(Context& context, const Collection& collection,
                         const std::vector<DiskShape>& disks);

}  // namespace reviver::replication
