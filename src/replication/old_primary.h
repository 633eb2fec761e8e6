// The old primary's side of a reverse: it gives up its role, keeps what it has as a point, and
// tells what it wrote since the point that both sides share.
#pragma once

#include "replication/control.h"
#include "replication/group.h"

namespace reviver::replication {

class Directory;

// Answers the new primary's question, and may be asked again at any time. Order:
//   1. fence     VMs off and locked: nothing more is written here
//   2. remember  what was written since the shared point, and that the disks as they are now are
//                a point
//   3. step down one durable change of the document: role, epoch, changes
//   4. let go    of the bitmaps, which 2 has read
// After a crash before 3 this side is still the (fenced) primary and does it all again; after it,
// the answer comes from the document.
control::ReverseAnswer become_replica(Context& context, Group& group, Directory& directory,
                                      const control::Reverse& question);

// Turns the VMs off and locks them. Used by PrepareForReverseReplication too.
void fence(Context& context, Group& group);
// Locks the VMs of a primary that is prepared for a planned failover; they are off.
void lock_prepared(Context& context, Group& group);
// The same for VMs of which somebody may have started one meanwhile.
void fence_prepared(Context& context, Group& group);

}  // namespace reviver::replication
