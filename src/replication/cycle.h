// One cycle: brings the other side from its newest point to the present of the group.
//
//   connect, greet      the other side says which point it holds: only that one counts, whatever
//                       we remember
//   choose              the disks that VMs have now and IncludedDisks takes; while one of them is
//                       still being copied, those of the point before (replication/disk_set.h)
//   track               every change from here on is noted; tells what each disk needs before its
//                       delta
//   bulk                full copies, compares and, after a reverse, the ranges that the old primary
//                       had written; while the group runs
//   cut, send, commit   the group is held for a moment, with its file systems frozen when such a
//                       point is due; what changed is sent; the other side makes the point durable
//                       and says so
//   finish              only now the bits of the old point are let go
//
// Every step before the commit may fail and be repeated. A commit whose answer is lost is found by
// the next greeting.
#pragma once

#include "replication/group.h"
#include "replication/machines.h"

#include <functional>
#include <vector>

namespace reviver::replication {

// How a disk got what it needed before its delta.
struct BulkDone {
    DiskKey key;
    point::Bulk bulk = point::Bulk::none;
    std::uint64_t bytes = 0;  // data that travelled in this attempt
};

struct CycleResult {
    // Nothing was sent: the first point is on its way on a medium.
    bool waits_for_import = false;
    Sequence sequence;
    std::vector<BulkDone> disks;
    std::uint64_t sent_bytes = 0;   // on the wire, everything counted
    std::uint64_t delta_bytes = 0;  // data in the cut
    std::uint64_t bulk_bytes = 0;   // data in the bulk stage
    std::uint64_t compared_disks = 0;
    sys::Duration took{};
    sys::Duration hold{};
    JobId updated_disks;  // the job of an update of the disk set that ended with this point
    Consistency consistency = Consistency::group_crash;
    sys::WallTime cut_time;
};

struct CycleRequest {
    PointKind kind = PointKind::regular;
    // Percent of the bytes that are known to be due, and what is going on.
    std::function<void(unsigned percent, const std::string& status)> progress;
    std::function<bool()> stopped;
    // Asked right before the cut: whether the guests are to be frozen for it. And told what came of
    // it, whatever becomes of the cycle. Both may be empty.
    std::function<bool()> quiesce;
    std::function<void(const Cut&)> quiesced;
};

// The caller holds the group's turn. Throws what went wrong, with Code::stale_epoch when the other
// side has gone on without us.
CycleResult run_cycle(Context& context, Group& group, GroupDisks& disks,
                      const CycleRequest& request);

}  // namespace reviver::replication
