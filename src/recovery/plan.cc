#include "recovery/plan.h"

#include <algorithm>
#include <iterator>

namespace reviver::recovery {

std::vector<PlanDisk> FailoverPlan::disks_of(VmId vm) const {
    std::vector<PlanDisk> result;
    std::ranges::copy_if(disks, std::back_inserter(result),
                         [vm](const PlanDisk& disk) { return disk.key.vm == vm; });
    return result;
}

std::vector<PlanDisk> FailoverPlan::shared_disks() const {
    std::vector<PlanDisk> result;
    std::ranges::copy_if(disks, std::back_inserter(result), [this](const PlanDisk& disk) {
        return std::ranges::find(vms, disk.key.vm, &VmDefinition::id) == vms.end();
    });
    return result;
}

}  // namespace reviver::recovery
