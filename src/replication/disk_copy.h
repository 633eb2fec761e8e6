// Brings disks that are in no point yet to the other side, bit by bit between cycles: see
// replication/disk_set.h for what it is part of.
//
// A slice of the copy is a receive that is never cut. What it brought stays in the base of each
// disk at the other side, and the next slice goes on there; what the guest writes meanwhile is in a
// bitmap that began with the copy, and comes with the first cut that has the disk. So a slice may
// end at any chunk, and any number of points of the other disks may be made between two slices.
//
// Errors are those of a cycle; nothing is lost by one but what was under way.
#pragma once

#include "replication/group.h"
#include "replication/machines.h"

#include <functional>
#include <string>

namespace reviver::replication {

struct CopyRequest {
    std::function<void(unsigned percent, const std::string& status)> progress;
    std::function<bool()> stopped;  // the slice ends, and is no failure
};

enum class CopyOutcome {
    not_now,   // the other side is not where we think, or cannot keep copies
    more,      // there is more to copy
    complete,  // everything that is coming is at the other side, and that is on record
};

// The caller holds the group's turn.
CopyOutcome copy_new_disks(Context& context, Group& group, GroupDisks& disks,
                           const CopyRequest& request);

}  // namespace reviver::replication
