// Keeps the state of a running disk readable while its guest goes on writing.
//
//     guest --> copy-before-write --> disk        snapshot-access reads the old data where it was
//                     |                |          put aside, else the disk; an NBD export gives it
//                 old data,            v          to us
//               once a cluster --> scratch --> snapshot-access --> NBD export
//
// (QEMU 7.2, QMP reference, BlockdevOptionsCbw; docs/interop of "copy-before-write".) With
// on-cbw-error=break-snapshot a scratch image that is full or slow ends the snapshot, and never a
// guest's write. The filter gets the bitmap of what is going to be read, and puts aside nothing
// else: outside of it, reading is an error.
//
// QEMU before 8.0 reads wrong data where one request touches both a cluster that was put aside and
// one that was not: it takes all of it from the disk, as the guest has it now (hbitmap_status()
// answers "clean" for a dirty part that a clean one follows). So every request to a snapshot stays
// inside one cluster, questions about zeros included.
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

// In this unit the filter puts aside and QEMU knows what it has put aside, unless the scratch image
// has larger clusters; ours has none.
constexpr std::uint64_t fleece_cluster = 64 << 10;

struct FleeceNames {
    std::string scratch;
    std::string filter;
    std::string snapshot;
};
FleeceNames fleece_names(CollectionId collection, std::size_t disk);

// Before the hold: a sparse scratch image as long as the disk, opened by QEMU.
void add_scratch(const qemu::Qmp& qmp, const LiveDisk& disk, const FleeceNames& names,
                 const std::filesystem::path& image);
// While the VM is stopped: from now on the guest writes through the filter. Each command is a
// moment longer that the whole group is held, so nothing is asked here that is not needed.
void insert_filter(const qemu::Qmp& qmp, const LiveDisk& disk, const FleeceNames& names,
                   const std::string& bitmap, std::chrono::seconds write_wait_max);
// Error not_supported if this QEMU puts aside in a smaller unit than fleece_cluster.
void confirm_cluster(const std::vector<qemu::BlockNode>& nodes, const FleeceNames& names);
// After the hold: a node that reads as the disk was when the filter was inserted, inside of the
// bitmap.
void add_snapshot(const qemu::Qmp& qmp, const FleeceNames& names);

// Removes all of this that is there, of any disk of the VM; the exports must be gone. Finds out for
// itself what there is, so that it also clears up after a daemon that died, and after the guest's
// disk got a new top image meanwhile (an external snapshot).
void remove_fleeces(const qemu::Qmp& qmp, CollectionId collection);

}  // namespace reviver::capture
