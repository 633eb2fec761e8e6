// The machines of a real site: libvirt's domains, captured by QEMU's bitmaps and recovered on
// overlays.
#pragma once

#include "capture/guest_freeze.h"
#include "hypervisor/hypervisor.h"
#include "recovery/recovery.h"
#include "recovery/trials.h"
#include "replication/machines.h"
#include "sharing/shared_disks.h"
#include "sys/world.h"

#include <memory>
#include <string>
#include <vector>

namespace reviver::replication {

class LiveMachines : public Machines {
  public:
    // Resumes and thaws VMs that an earlier life of the daemon left held or frozen. What is kept
    // goes below `data_directory`. `hypervisor` shows the storage daemons of `shared_disks` too.
    LiveMachines(hypervisor::Hypervisor& hypervisor, sys::World& world, sys::Path data_directory,
                 sharing::SharedDisks& shared_disks);
    ~LiveMachines() override;

    std::unique_ptr<GroupDisks> group(CollectionId collection, const std::vector<VmId>& vms,
                                      const std::vector<std::string>& included_disks) override;
    std::vector<VmId> running(const std::vector<VmId>& vms) override;
    void shut_down(const std::vector<VmId>& vms, const ShutDown& how) override;
    void lock(const std::vector<VmId>& vms, const std::string& why) override;
    void unlock(const std::vector<VmId>& vms) override;
    void show_replicas(CollectionId collection, const std::string& name,
                       const std::vector<VmDefinition>& vms) override;
    void forget_replicas(CollectionId collection, const std::vector<VmId>& vms) override;
    std::vector<VmFailure> fail_over(const FailoverPlan& plan) override;
    void revert_failover(const FailoverPlan& plan) override;
    void start(const std::vector<VmId>& vms) override;
    bool flatten(const FailoverPlan& plan, const std::function<void(unsigned percent)>& progress,
                 const std::function<bool()>& cancelled) override;
    std::vector<VmFailure> make_trial(const TrialPlan& plan) override;
    void remove_trial(CollectionId trial, const std::vector<VmId>& vms) override;
    std::optional<std::string> vm_name(VmId vm) override;
    std::vector<SeedDisk> seed_disks(const std::vector<DiskKey>& keys) override;
    Epoch epoch_used(const std::vector<VmId>& vms) override;
    std::vector<OwnDisk> own_disks(const std::vector<VmId>& vms,
                                   const std::vector<std::string>& included_disks) override;

  private:
    sys::Path capture_directory(CollectionId collection) const;

    hypervisor::Hypervisor& hypervisor_;
    sys::World& world_;
    const sys::Path data_directory_;
    sharing::SharedDisks& shared_disks_;
    capture::Freezer freezer_;
    std::unique_ptr<recovery::Recovery> recovery_;
    recovery::Trials trials_;
};

}  // namespace reviver::replication
