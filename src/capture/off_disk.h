// Disks whose VM is off: the image is read by a qemu-nbd of ours that takes no lock, so that the VM
// can start at any time. Whoever reads asks confirm_same() at the end.
#pragma once

#include "capture/group_source.h"
#include "capture/tracking.h"

namespace reviver::capture {

// What the bitmaps in the image have marked; an empty part for an unchanged disk.
GroupPart off_part(const TrackedDisk& disk);
// All of the disk from `from_bytes` on.
DiskInput off_whole(const MemberDisk& disk, std::uint64_t from_bytes);

// The union of what bitmaps in the image have marked.
RangeSet marked_in_image(const MemberDisk& disk, const std::vector<std::string>& bitmaps);

}  // namespace reviver::capture
