// The VMs of a site together with the storage daemons of its shared disks: domain() and qmp() take
// the id of either, which is what capture and recovery ask for. domains() lists VMs alone. A VM is
// started when its shared disks are served to it.
#pragma once

#include "hypervisor/hypervisor.h"
#include "sharing/shared_disks.h"

namespace reviver::sharing {

class WithSharedDisks : public hypervisor::Hypervisor {
  public:
    WithSharedDisks(hypervisor::Hypervisor& machines, SharedDisks& disks)
        : machines_(machines), disks_(disks) {}

    std::vector<hypervisor::Domain> domains() override { return machines_.domains(); }
    hypervisor::Domain domain(VmId id) override;
    VmId define(const std::string& xml) override;
    void undefine(VmId id) override;
    void start(VmId id) override;
    void ask_to_shut_down(VmId id) override { machines_.ask_to_shut_down(id); }
    void power_off(VmId id) override { machines_.power_off(id); }
    void set_autostart(VmId id, bool on) override { machines_.set_autostart(id, on); }
    std::string qmp(VmId id, const std::string& command, const std::string& arguments) override;
    std::shared_ptr<void> subscribe(
        std::function<void(const hypervisor::DomainEvent&)> listener) override;
    hypervisor::BlockJobs* block_jobs() override { return machines_.block_jobs(); }
    hypervisor::SavedStates* saved_states() override { return machines_.saved_states(); }
    hypervisor::GuestAgents* guest_agents() override { return machines_.guest_agents(); }
    hypervisor::Networks* networks() override { return machines_.networks(); }

  private:
    hypervisor::Hypervisor& machines_;
    SharedDisks& disks_;
};

}  // namespace reviver::sharing
