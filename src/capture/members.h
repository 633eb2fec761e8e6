// Which disks a group has at this moment: what its VMs' definitions name, as QEMU or the images say
// how large they are.
//
// CD-ROMs, floppies and read-only disks are no members. A disk that several VMs share through a
// storage daemon of ours is one member, under the key of the shared disk, however many have it.
// Errors: Code::not_found for a VM that is not defined, Code::not_supported for a disk that cannot
// be followed (others write to it past its QEMU; a source that is no file and no block device),
// Code::unavailable for an image that cannot be opened or a VM that stopped while being asked. Any
// thread may call.
#pragma once

#include "hypervisor/hypervisor.h"
#include "model/point.h"
#include "sys/files.h"

#include <functional>
#include <string>
#include <vector>

namespace reviver::capture {

struct MemberDisk {
    DiskShape shape;
    sys::Path path;
    std::string format;  // "qcow2", "raw"
};

struct Members {
    std::vector<MemberDisk>
        disks;  // VMs in the order asked for, disks in that of the definition; then shared ones
    std::vector<VmDefinition> vms;
};

// The shared disks among them, by their ids.
std::vector<VmId> shared_ids(const Members& members);

// A shared disk is in when `included` takes it as a disk of any VM, or under its own key, by which
// points know it.
Members find_members(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms,
                     const std::function<bool(const DiskKey&)>& included);

}  // namespace reviver::capture
