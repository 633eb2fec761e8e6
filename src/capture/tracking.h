// Which disks are followed, and what is known of each since the last point. Made anew by every
// prepare(); what must outlive it is in the bitmaps and in DiskMemory.
//
// One thread at a time, but what is only read while VMs are held may be read by their threads.
#pragma once

#include "capture/capture.h"
#include "capture/disk_memory.h"
#include "capture/live_disk.h"
#include "capture/nbd_server.h"
#include "capture/start_watch.h"

#include <cstdint>
#include <string>
#include <vector>

namespace reviver::capture {

struct TrackedDisk {
    enum class Known {
        recorded,   // the VM runs: bitmap `base` records
        marked,     // the VM is off: the bitmaps `joined` in the image say it
        unchanged,  // the VM is off: the image is what the last point has, or what the bulk began
                    // with
    };
    std::size_t index = 0;  // in Members::disks
    MemberDisk member;
    Known known = Known::unchanged;
    LiveDisk live;  // recorded
    std::string
        base;  // recorded; and where the image has one: the bitmap that goes on when the VM starts
    std::uint64_t granularity_bytes = 0;  // of base
    bool persistent = false;              // of base
    std::vector<std::string> joined;      // marked
    ImageState state;                     // marked, unchanged: of the image
    point::Bulk bulk = point::Bulk::none;
    std::string bulk_name;  // the same for as long as what was copied in it is good
    RangeSet grown;         // by what the disk is larger than at the last point
};

struct TrackedVm {
    hypervisor::Domain domain;  // as prepare() found it
    bool live = false;
    std::vector<TrackedDisk> disks;
};

// What prepare() needs to know; lives as long as the capture.
struct TrackingContext {
    hypervisor::Hypervisor& hypervisor;
    CollectionId collection;
    const Options& options;
    DiskMemory& memory;
    const StartWatch& starts;
    sys::Random& random;
    std::string instance;  // of this life of the daemon
};

// The paths of what is ours and belongs to one VM or disk.
std::string socket_path(const sys::Path& directory, VmId vm);
// The NBD server of a VM's QEMU or of a storage daemon.
NbdServer nbd_server_of(hypervisor::Hypervisor& hypervisor, CollectionId collection,
                        const sys::Path& directory, const hypervisor::Domain& domain);
sys::Path scratch_path(const sys::Path& directory, std::size_t disk);

// Brings order into the VM's bitmaps and answers for its disks; see GroupCapture::prepare().
TrackedVm track_vm(TrackingContext& context, VmId vm, const std::vector<TrackedDisk>& disks,
                   Sequence last, const std::vector<DiskShape>& last_disks);

// The bitmaps that an image has while nobody has it open; none for a format that has none.
std::vector<SeenBitmap> saved_bitmaps(const MemberDisk& disk);

// Ends all reading of the VM's disks: exports, server, snapshots, filters, scratch images.
void take_down(hypervisor::Hypervisor& hypervisor, CollectionId collection,
               const sys::Path& directory, const hypervisor::Domain& domain);

// The state of an off disk's image; of a block device, which has no telling times, what we saw
// ourselves.
ImageState image_state(const TrackingContext& context, const MemberDisk& disk);

// Error unavailable unless the VM is as off or running as when it was tracked, in the same QEMU,
// and its off images are unchanged.
void confirm_same(const TrackingContext& context, const TrackedVm& vm);

}  // namespace reviver::capture
