// Takes the layers out from under a disk that a failover put on top of them, while its VM runs.
//
//     overlay -> p9 -> p7 -> base      becomes      overlay -> base
//
// QEMU copies into the overlay what the layers hold and the overlay does not, which is far less
// than the disk. It does so below the guest's view: the dirty bitmap notes nothing, since nothing
// changes for the guest.
#pragma once

#include "hypervisor/hypervisor.h"
#include "model/names.h"
#include "sys/files.h"

#include <functional>

namespace reviver::recovery {

struct FlattenRequest {
    DiskKey disk;
    sys::Path overlay;
    sys::Path base;
};

// Answers whether the overlay builds on the base alone now, durably, so that the layers may be
// deleted: not when the VM is off, was stopped meanwhile, or `cancelled`. `progress` gets 0 to 1.
// Code::not_supported on a hypervisor without block jobs; Code::failed when QEMU gave up.
bool flatten_disk(hypervisor::Hypervisor& hypervisor, sys::Files& files,
                  const FlattenRequest& request, const std::function<void(double share)>& progress,
                  const std::function<bool()>& cancelled);

// The same of a disk that a storage daemon serves, which nobody but us gives commands.
bool flatten_served_disk(hypervisor::Hypervisor& hypervisor, sys::Files& files,
                         const FlattenRequest& request,
                         const std::function<void(double share)>& progress,
                         const std::function<bool()>& cancelled);

}  // namespace reviver::recovery
