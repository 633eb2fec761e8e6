// What a failover needs to know of a recovery point, as plain data.
#pragma once

#include "base/error.h"
#include "model/point.h"
#include "sys/files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace reviver::recovery {

// A disk of the point: the image at the top of its chain reads as the disk did, the one at the
// bottom is what stays after flattening.
struct PlanDisk {
    DiskKey key;
    std::uint64_t size_bytes = 0;
    sys::Path top;
    std::string top_format;
    sys::Path base;
    std::string bitmap;  // the persistent dirty bitmap that its overlay gets
};

struct FailoverPlan {
    std::string collection;  // its name, for people
    Epoch epoch;
    Sequence sequence;
    std::vector<VmDefinition> vms;
    std::vector<PlanDisk> disks;

    std::vector<PlanDisk> disks_of(VmId vm) const;
    // Those that VMs share: each once, with an id of its own in the place of a VM's.
    std::vector<PlanDisk> shared_disks() const;
};

struct VmFailure {
    VmId vm;
    std::string text;
    Code code = Code::failed;
};

}  // namespace reviver::recovery
