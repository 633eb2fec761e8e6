// What a cut does to one VM that runs: before, in and after the hold.
#pragma once

#include "capture/group_hold.h"
#include "capture/group_source.h"
#include "capture/tracking.h"

#include <cstdint>
#include <vector>

namespace reviver::capture {

// Before the hold: has a scratch image ready for each disk, and writes what QEMU and the host have
// in their caches to the images, so that stopping the VM, which flushes as well, takes no time.
void get_ready_to_hold(const TrackingContext& context, const TrackedVm& vm);

// In the hold: bitmap `sequence` begins, the one before it ends, and the guest's disks go on behind
// filters.
std::unique_ptr<HeldVm> live_held_vm(const TrackingContext& context, const TrackedVm& vm,
                                     Sequence sequence);

// After the hold: the disks as they were in it, to be read.
std::vector<GroupPart> live_parts(const TrackingContext& context, const TrackedVm& vm);

// After the point is durable: the bitmaps of before the cut go.
void give_up_bases(const TrackingContext& context, const TrackedVm& vm);

// The disk as it is now, exported by QEMU.
qemu::NbdAddress live_address(const TrackingContext& context, const TrackedVm& vm,
                              const TrackedDisk& disk);

}  // namespace reviver::capture
