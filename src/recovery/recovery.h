// From a recovery point to VMs, and back.
//
//     replica (shown, locked) --prepare--> set up on overlays --start--> running --flatten--> on
//     its base alone
//              ^                                 |
//              +------------- revert ------------+
//
// The one moment that counts in each change is libvirt taking the new definition: before prepare()
// defines a VM unlocked it cannot have run on its overlays, so overlays below a locked definition
// hold nothing and are made anew; once it is defined so, the overlays are never touched again.
// revert() locks first and removes afterwards. So either can be repeated from any point at which it
// was interrupted.
//
// A disk that VMs share is set up before them and taken back after them: one overlay, which its
// storage daemon serves (sharing/shared_disks.h); the record of what is served is its moment.
//
// Errors: a VM's trouble does not keep the others from being worked on; prepare() answers it, the
// others throw all of it at the end. Threads: calls about one VM come from one thread at a time.
#pragma once

#include "hypervisor/hypervisor.h"
#include "recovery/definition.h"
#include "recovery/locks.h"
#include "recovery/overlays.h"
#include "recovery/plan.h"
#include "sharing/shared_disks.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace reviver::recovery {

class Recovery {
  public:
    // `data`: the site's data directory. Without `shared` plans have no shared disks.
    Recovery(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data,
             sharing::SharedDisks* shared = nullptr);

    Locks& locks() { return locks_; }

    // Shows VMs of a collection that this site can bring up: defined, locked. A VM that is defined
    // here already is only locked; Code::invalid_state when it runs.
    void show_replicas(const std::string& collection, const std::vector<VmDefinition>& vms);
    // Removes the replicas that were made here and are not failed over; those that were there
    // before are unlocked.
    void forget_replicas(const std::vector<VmId>& vms);

    // The latest epoch that an overlay of these VMs is named by, whoever uses it; 0: none.
    Epoch epoch_used(const std::vector<VmId>& vms);

    // Sets the VMs up on the point, without starting them.
    std::vector<VmFailure> prepare(const FailoverPlan& plan);
    // Powers the VMs off, makes them replicas again and removes what they wrote.
    void revert(const FailoverPlan& plan);
    // Makes all of the plan's disks that are in use build on their base alone. Answers whether all
    // do: those of a VM that is off wait for its next run. Stops, with false, when `cancelled`.
    // Beginning again goes on.
    bool flatten(const FailoverPlan& plan, const std::function<void(unsigned percent)>& progress,
                 const std::function<bool()>& cancelled);

  private:
    void show_replica(const std::string& collection, const VmDefinition& vm);
    void forget_replica(VmId vm);
    void prepare_shared(const FailoverPlan& plan);
    void revert_shared(const FailoverPlan& plan);
    std::map<std::string, DiskImage> images_of(const FailoverPlan& plan, const VmDefinition& vm);
    void prepare_vm(const FailoverPlan& plan, const VmDefinition& vm);
    void revert_vm(const FailoverPlan& plan, const VmDefinition& vm);
    void lock_again(const FailoverPlan& plan, const VmDefinition& vm);
    bool runs_on_overlays(const FailoverPlan& plan, const hypervisor::Domain& domain) const;
    hypervisor::DomainXml replica_of(const VmDefinition& vm, const hypervisor::Domain* local) const;
    void define_replica(const std::string& collection, const VmDefinition& vm,
                        const hypervisor::Domain* local);

    hypervisor::Hypervisor& hypervisor_;
    sys::Files& files_;
    const sys::Path data_;
    sharing::SharedDisks* shared_;
    Locks locks_;
    Overlays overlays_;
};

}  // namespace reviver::recovery
