// Copies into the overlay of a running VM what the layers below it hold, and has it on stable
// storage, while the overlay goes on building on them.
//
// It is done before the layers are taken out, because QEMU (7.2) writes the name of another backing
// image into the overlay's header before the tables that say where the copied clusters are: killed
// between the two it would leave a disk that lacks them, without a sign of it. After copy_up()
// there is nothing left to copy, and so nothing that could be lacking.
#pragma once

#include "hypervisor/hypervisor.h"
#include "qemu/qmp.h"
#include "recovery/flatten.h"
#include "sys/files.h"

#include <functional>
#include <string>

namespace reviver::recovery {

// False when it was cancelled; what has been copied until then stays, and the next call goes on
// from there. Takes up a copy that an earlier process began. Errors: as in qemu/qmp.h, Code::failed
// with QEMU's words when it gave up, Code::not_found when it has no such disk.
// The VM runs; its domain is asked for the disk's device.
struct CopyUp {
    std::string id;  // of the job
    std::string node, base_node;
    sys::Path overlay;
    std::function<void()> flush;  // has what was written to the node on stable storage
};
bool copy_up(const qemu::Qmp& qmp, sys::Files& files, const CopyUp& copy,
             const std::function<void(double share)>& progress,
             const std::function<bool()>& cancelled);

// Of a VM's disk.
bool copy_up(hypervisor::Hypervisor& hypervisor, sys::Files& files, const FlattenRequest& request,
             const std::function<void(double share)>& progress,
             const std::function<bool()>& cancelled);

}  // namespace reviver::recovery
