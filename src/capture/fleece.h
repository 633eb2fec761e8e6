// Keeps the state of a running disk readable while its guest goes on writing.
//
//     guest ──▶ copy-before-write ──▶ disk            (QEMU 7.2, docs/interop/qmp,
//     "copy-before-write", "snapshot-access")
//                      │ ▲
//                 old data, once per 64 KiB            snapshot-access reads the old data where it
//                 was put aside, else the disk
//                      ▼ │
//                   scratch ◀── snapshot-access ──▶ NBD export
//
// With on-cbw-error=break-snapshot a scratch image that is full or slow ends the snapshot, and
// never a guest's write. The filter gets the bitmap of what is going to be read, and puts aside
// nothing else.
//
// Calls are for one QEMU and come from one thread at a time.
#pragma once

#include "capture/live_disk.h"
#include "capture/names.h"
#include "qemu/qmp.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace reviver::capture {

struct FleeceNames {
    std::string scratch;
    std::string filter;
    std::string snapshot;
};
FleeceNames fleece_names(CollectionId collection, std::size_t disk);

// Before the hold: a sparse scratch image as long as the disk, opened by QEMU.
void add_scratch(const qemu::Qmp& qmp, const LiveDisk& disk, const FleeceNames& names,
                 const std::filesystem::path& image);
// While the VM is stopped, in this order: a filter above each disk, then all guests' disks behind
// the filters. Error invalid_state when a disk has got another top image meanwhile.
void add_filter(const qemu::Qmp& qmp, const LiveDisk& disk, const FleeceNames& names,
                const std::string& bitmap, std::chrono::seconds write_wait_max);
struct FilteredDisk {
    LiveDisk disk;
    std::string filter;
};
void switch_to_filters(const qemu::Qmp& qmp, const std::vector<FilteredDisk>& disks);
// After the hold: a node that reads as the disk was when the filter was inserted, inside of the
// bitmap.
void add_snapshot(const qemu::Qmp& qmp, const FleeceNames& names);

// Removes all of this that is there, of any disk of the VM; the exports must be gone. Finds out for
// itself what there is, so that it also clears up after a daemon that died, and after the guest's
// disk got a new top image meanwhile (an external snapshot).
void remove_fleeces(const qemu::Qmp& qmp, CollectionId collection);

}  // namespace reviver::capture
