// A test of a recovery point: a second set of the group's VMs beside the replica, which stays what
// it is and takes points as before.
//
//     DATA/tests/<test-id>/<vm-id>/<target>.qcow2     an overlay a disk, on the point's chain
//
// The VMs have ids, names and disks of their own, join each other on a network that leads nowhere
// (hypervisor/isolation.h), and do not start with the host. The point has to be pinned.
//
// As in a failover the moment that counts is libvirt taking the definition: overlays of a VM that
// is not defined hold nothing and are made anew; once it is defined they are never touched again.
// What is taken away goes in the opposite order, so that no VM is left without its disks. Either
// can be repeated from any point at which it was interrupted.
//
// Errors and threads: as in recovery.h.
#pragma once

#include "hypervisor/hypervisor.h"
#include "hypervisor/isolation.h"
#include "recovery/plan.h"
#include "sys/files.h"

#include <string>
#include <vector>

namespace reviver::recovery {

struct TrialVm {
    VmId id;
    std::string name;
    VmId original;  // whose definition and disks in the point it gets
};

struct TrialPlan {
    CollectionId id;     // of the test
    FailoverPlan point;  // its epoch and bitmap are of no use here
    std::vector<TrialVm> vms;
};

class Trials {
  public:
    // `data`: the site's data directory.
    Trials(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data)
        : hypervisor_(hypervisor), files_(files), directory_(data / "tests") {}

    // Not started.
    std::vector<VmFailure> make(const TrialPlan& plan);
    // Powers the VMs off and removes them, what they wrote, and their network. Of a test that was
    // never complete too.
    void remove(CollectionId id, const std::vector<VmId>& vms);

  private:
    hypervisor::Isolation isolation_of(CollectionId id, VmId vm) const;
    sys::Path directory_of(CollectionId id, VmId vm) const;
    void make_vm(const TrialPlan& plan, const TrialVm& vm);
    void make_overlay(const sys::Path& path, const PlanDisk& disk);
    void remove_vm(CollectionId id, VmId vm);
    void remove_directory(const sys::Path& directory);

    hypervisor::Hypervisor& hypervisor_;
    sys::Files& files_;
    sys::Path directory_;
};

}  // namespace reviver::recovery
