// The machines of a simulated site, as the replication engine drives them: VMs that are shut down,
// locked, set up on recovery points and taken back, in the order and with the refusals of the
// recovery folder. The process may die between any two VMs.
#pragma once

#include "sim/model_disks.h"

namespace reviver::sim {

// The directory with the images of tests.
constexpr const char* trial_images = "/tests/";

class ModelMachines : public replication::Machines {
  public:
    // One in `troubled_one_in` VMs cannot be set up or frozen, or does not listen when it is asked
    // to shut down; 0: all behave.
    ModelMachines(ModelHost host, Prng prng, const std::uint64_t& troubled_one_in)
        : host_(std::move(host)),
          hypervisor_(host_.hypervisor),
          prng_(prng),
          troubled_one_in_(troubled_one_in),
          agents_(host_.world, hypervisor_, prng_.fork(), troubled_one_in, host_.mutant) {}

    std::unique_ptr<replication::GroupDisks> group(
        CollectionId collection, const std::vector<VmId>& vms,
        const std::vector<std::string>& included_disks) override;
    std::vector<VmId> running(const std::vector<VmId>& vms) override;
    void shut_down(const std::vector<VmId>& vms, const replication::ShutDown& how) override;
    void lock(const std::vector<VmId>& vms, const std::string& why) override;
    void unlock(const std::vector<VmId>& vms) override;
    void show_replicas(CollectionId collection, const std::string& name,
                       const std::vector<VmDefinition>& vms) override;
    void forget_replicas(CollectionId collection, const std::vector<VmId>& vms) override;
    std::vector<replication::VmFailure> fail_over(const replication::FailoverPlan& plan) override;
    void revert_failover(const replication::FailoverPlan& plan) override;
    void start(const std::vector<VmId>& vms) override;
    bool flatten(const replication::FailoverPlan& plan,
                 const std::function<void(unsigned percent)>& progress,
                 const std::function<bool()>& cancelled) override;
    std::vector<replication::VmFailure> make_trial(const replication::TrialPlan& plan) override;
    void remove_trial(CollectionId trial, const std::vector<VmId>& vms) override;
    std::optional<std::string> vm_name(VmId vm) override;
    std::vector<replication::SeedDisk> seed_disks(const std::vector<DiskKey>& keys) override;
    Epoch epoch_used(const std::vector<VmId>& vms) override;
    std::vector<replication::OwnDisk> own_disks(
        const std::vector<VmId>& vms, const std::vector<std::string>& included_disks) override;

  private:
    void pause();
    void lock_vm(VmId vm, const std::string& why);
    void show_replica(const std::string& why, const VmDefinition& vm);
    void set_up(const replication::FailoverPlan& plan, const VmDefinition& vm);
    void take_back(const replication::FailoverPlan& plan, const VmDefinition& vm);
    bool runs_on_overlays(const replication::FailoverPlan& plan, VmId vm);
    void make_trial_vm(const replication::TrialPlan& plan, const replication::TrialVm& vm);
    void require_known(const replication::FailoverPlan& plan);

    ModelHost host_;
    Hypervisor& hypervisor_;
    Prng prng_;
    const std::uint64_t& troubled_one_in_;
    ModelAgents agents_;
};

}  // namespace reviver::sim
