// What our dirty bitmaps say, outside of a cycle: how much waits to be replicated, and, for a
// reverse, which ranges were written since a point that both sides share.
//
// Any thread may call, but not while a cycle of the same collection runs. Errors: Code::unavailable
// when a VM was started or stopped while being asked.
#pragma once

#include "base/extents.h"
#include "capture/members.h"
#include "hypervisor/hypervisor.h"
#include "model/names.h"
#include "sys/files.h"

#include <cstdint>
#include <optional>

namespace reviver::capture {

// Bytes written since the last cut, of all disks of `vms`, shared disks among them, whose QEMU or
// storage daemon runs; an estimate for people.
std::uint64_t changed_bytes(hypervisor::Hypervisor& hypervisor, CollectionId collection,
                            const std::vector<VmId>& vms);

// Whose bitmaps are asked, and where its capture keeps what it remembers (Options::directory).
struct CaptureOf {
    hypervisor::Hypervisor& hypervisor;
    sys::Files& files;
    CollectionId collection;
    sys::Path directory;
};

// At least every range of the disk written since cut `since`. Nothing when that is not known for
// certain: no bitmap reaches back that far, or QEMU was killed, or the image cannot hold bitmaps
// and its VM was stopped meanwhile.
std::optional<RangeSet> changes_since(const CaptureOf& capture, const MemberDisk& disk,
                                      Sequence since);

// Removes all bitmaps of the collection, from running QEMUs and from images whose VM is off, and
// what a cycle left. Others' bitmaps stay. An image that is off is opened for writing for a moment:
// a VM that starts just then fails to.
void stop_tracking(const CaptureOf& capture, const std::vector<MemberDisk>& disks);

// The same for some disks, wherever they are now. A VM or disk that is not there is passed over.
void let_go(const CaptureOf& capture, const std::vector<DiskKey>& disks);

}  // namespace reviver::capture
