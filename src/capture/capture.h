// A running group becomes a point, without an agent in the guests and with nothing of ours in their
// write path while no cut is read.
//
// One cycle:  find_members -> prepare -> (bulk copy or compare of the disks that need it)
//             -> cut -> read its source -> finish
//
//      bitmap n     [ cut n .......... cut n+1 ]
//      bitmap n+1                     [ cut n+1 .......
//                                     ^ the group is held: every VM stopped, then bitmaps
//                                       changed, then every VM resumed
//
// Invariants that make a failed cycle cost time and never data:
//   * The bitmap named n has every write since cut n; it is removed only after
//     finish(acknowledged) said that point n+1 is durable.
//   * A bitmap named n-bulk-x has every write since bulk x of a disk began, on top of point n; it
//     counts only together with that bulk. Of a disk that the last point does not have n is 0: what
//     is copied of it builds on no point, and stays good while points of the other disks are made.
//   * While both n and n+1 are there, their union is what changed since n. The next prepare()
//     joins them when n+1 never became durable.
//   * What is read after the cut is the state of the moment of the hold: a copy-before-write
//     filter above the disk puts aside what the guest is about to overwrite. When it cannot
//     (scratch full, too slow), the cut breaks and the guest writes on.
//
// Errors of all calls; none leaves a VM held, and after each the cycle may begin again with
// prepare():
//   Code::unavailable    a VM was started, stopped or crashed meanwhile, a disk was plugged in or
//                        out or resized, or the cut broke
//   Code::in_use         somebody else's NBD server runs in a VM's QEMU
//   Code::timeout        the hold would have been longer than allowed
//   Code::no_space       the scratch directory is too full
//   Code::invalid_state  a disk has no medium
//   Code::failed         QEMU refused something; its text says what
//
// One GroupCapture per collection; its calls come from one thread at a time. VMs are held by
// threads of its own.
#pragma once

#include "base/extents.h"
#include "capture/guest_freeze.h"
#include "capture/members.h"
#include "hypervisor/hypervisor.h"
#include "point/cut_wish.h"
#include "point/image.h"
#include "point/point.h"
#include "sys/world.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace reviver::capture {

struct Options {
    // Of this collection alone: scratch images (up to the dirty bytes of a cut), sockets, small
    // records. Made when missing. QEMUs must be able to open files in it.
    sys::Path directory;
    std::uint32_t granularity_bytes = 4096;  // of dirty bitmaps; a power of two
    std::chrono::milliseconds hold_max{2000};
    // How long a guest's write may wait for the old data to be put aside, before the cut is given
    // up instead.
    std::chrono::seconds copy_before_write_max{2};
    // Give up a cut rather than let its scratch images leave less than this free: guests may live
    // on the same file system.
    std::uint64_t scratch_free_min_bytes = 256ull << 20;
    Freezer* freezer = nullptr;  // the site's, outlives the capture; null: no guest is ever frozen
};

struct Preparation {
    // For the receive of the next point. It is the same as in an earlier attempt exactly when all
    // that the earlier one copied is still good, also after a restart of the daemon: a bulk goes on
    // where the receiver says that it has got to.
    ReceiveId receive;
    std::vector<point::Bulk> bulks;  // for each disk, what it needs before a cut makes sense of it
    std::vector<std::uint64_t> copies;  // for each: which full copy (point::ReceiveHeader), else 0
    // For each: what it grew by since the last point. Bitmaps say nothing of it: all of it is new.
    std::vector<RangeSet> grown;
};

struct VmHold {
    VmId vm;
    sys::Duration length{};
};

struct HoldStatistics {
    sys::Duration group{};    // from the first VM stopping to the last running again
    std::vector<VmHold> vms;  // only those that were running
};

// A cut that happened. Owns what keeps it readable; GroupCapture::finish() takes it down.
class Cut {
  public:
    virtual ~Cut() = default;
    virtual const point::CutHeader& header() const = 0;
    virtual const HoldStatistics& hold() const = 0;
    // Why a cut that was to be application consistent is not; empty when it is, or was not to be.
    virtual const std::vector<FreezeFailure>& freeze_failures() const = 0;
    virtual std::uint64_t dirty_bytes(std::size_t disk) const = 0;  // index as in prepare()
    // All disks, one after the other. Its end (no chunk) is only reached when everything read
    // belongs to the cut: a VM that was started or stopped, or a filter that broke, is an Error
    // before.
    virtual point::Source& source() = 0;
};

class GroupCapture {
  public:
    GroupCapture(hypervisor::Hypervisor& hypervisor, sys::World& world, CollectionId collection,
                 Options options);
    ~GroupCapture();
    GroupCapture(const GroupCapture&) = delete;
    GroupCapture& operator=(const GroupCapture&) = delete;

    // Has a bitmap running on every disk whose VM runs, and answers for each disk whether the
    // changes since the point `last` are known. `last` is the last point durable at the other side
    // (0: none) and `last_disks` its disks. Takes down what an earlier life of this daemon left in
    // the QEMUs. Call it at the start of every cycle.
    Preparation prepare(Sequence last, const Members& members,
                        const std::vector<DiskShape>& last_disks);

    // The disk as it is now and goes on changing: for hash compare and for the full copy.
    std::unique_ptr<point::Image> bulk_image(std::size_t disk);
    // All of the disk from `from_bytes` on, in chunks; what reads as zeros travels as zeros.
    std::unique_ptr<point::Source> bulk_source(std::size_t disk, std::uint64_t from_bytes);

    // Holds the group for a moment. `sequence` is the point this will become, larger than
    // prepare()'s `last`. Before another cut is made it must be certain that no earlier one can
    // still become that point: bitmaps speak of the newest cut alone.
    //
    // With `wish.quiesce` every guest that runs is frozen first, and thawed right after the hold:
    // the header says Consistency::application exactly when all were frozen as long as the hold
    // took and are known to be thawed. A VM that is off counts as frozen: nobody writes to its
    // disks. When one cannot be frozen, the others are thawed, and the cut is an ordinary one.
    std::unique_ptr<Cut> cut(Sequence sequence, const point::CutWish& wish);
    // `acknowledged`: the point is durable at the other side, so bitmaps of before the cut are
    // given up. Never throws for a VM that is gone: the next prepare() puts in order what could not
    // be done.
    void finish(std::unique_ptr<Cut> cut, bool acknowledged);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

// VMs that a daemon which died had stopped for a cut are resumed. Call once at start, for each
// capture directory.
void release_held(hypervisor::Hypervisor& hypervisor, sys::World& world,
                  const sys::Path& directory);

}  // namespace reviver::capture
