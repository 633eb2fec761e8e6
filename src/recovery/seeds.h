// The disks that VMs had at this site before they became replicas: a restored backup, or what an
// earlier relationship left behind. They can be the ground that a new replica is built on, as long
// as nobody writes them; so a VM that is not off and locked has none.
//
// Errors of the whole: Code::invalid_state for a VM that is on. What is wrong with one disk is said
// with it. Only reads; any thread.
#pragma once

#include "hypervisor/hypervisor.h"
#include "recovery/lock_records.h"

#include <string>
#include <vector>

namespace reviver::recovery {

struct Seed {
    DiskKey key;
    std::uint64_t size_bytes = 0;
    sys::Path path;
    std::string format;
    std::string trouble;  // "" when it can be used; else only the key is valid
};

// One for each of `keys`, in their order.
std::vector<Seed> find_seeds(hypervisor::Hypervisor& hypervisor, LockRecords& records,
                             const std::vector<DiskKey>& keys);

}  // namespace reviver::recovery
