// Switching the VMs of a group on and off.
//
// Errors: per VM, all thrown at the end as one. Any thread.
#pragma once

#include "hypervisor/hypervisor.h"

#include <chrono>
#include <functional>
#include <vector>

namespace reviver::recovery {

void start_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms);

// Those that are on, in their order.
std::vector<VmId> running_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms);

struct ShutDown {
    std::chrono::microseconds
        patience{};      // for the guests to end by themselves, all at the same time
    bool force = false;  // then pull the plug, else fail with Code::timeout
    // Whom it waits for, and how they were asked, each time that changes.
    std::function<void(const std::string& status)> told = [](const std::string&) {};
};
// All are asked at the same time: through the guest agent where one answers, by ACPI where none
// does, and by ACPI once more, every ask_interval, who has not ended by then. Returns when all are
// off. Code::stopped when `cancelled`, with the guests asked and perhaps off.
void shut_down_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms,
                   const ShutDown& how, const std::function<bool()>& cancelled);

}  // namespace reviver::recovery
