// A test of a recovery point: a second set of the group's VMs beside the replica, which stays what
// it is and takes points as before.
//
//     DATA/tests/<test-id>/<id>/<target>.qcow2     an overlay a disk, on the point's chain
//
// <id> is that of the test's VM. A disk that VMs share gets an id of its own for the test, and with
// it a storage daemon of its own (sharing/shared_disks.h).
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
#include "recovery/definition.h"
#include "recovery/plan.h"
#include "sharing/shared_disks.h"
#include "sys/files.h"

#include <map>
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
    FailoverPlan point;  // its epoch and bitmaps are of no use here
    std::vector<TrialVm> vms;
};

class Trials {
  public:
    // `data`: the site's data directory. `shared` outlives this; without it groups with disks that
    // VMs share are refused.
    Trials(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data,
           sharing::SharedDisks* shared = nullptr);

    // Not started.
    std::vector<VmFailure> make(const TrialPlan& plan);
    // Powers the VMs off and removes them, what they wrote, and their network. Of a test that was
    // never complete too.
    void remove(CollectionId id, const std::vector<VmId>& vms);

  private:
    hypervisor::Isolation isolation_of(CollectionId id, VmId vm) const;
    sys::Path directory_of(CollectionId id, VmId owner) const;
    sys::Path make_image(const TrialPlan& plan, VmId owner, const PlanDisk& disk);
    std::map<std::string, DiskImage> images_of(const TrialPlan& plan, const TrialVm& vm);
    void serve_shared(const TrialPlan& plan);
    void make_vm(const TrialPlan& plan, const TrialVm& vm);
    void make_overlay(const sys::Path& path, const PlanDisk& disk);
    void remove_vm(CollectionId id, VmId vm);
    void remove_files(const sys::Path& directory);

    hypervisor::Hypervisor& hypervisor_;
    sys::Files& files_;
    sys::Path data_;
    sys::Path directory_;
    sharing::SharedDisks* shared_;
};

}  // namespace reviver::recovery
