// Powers a locked VM off at once when it runs all the same: started from a saved state, or by
// somebody who took the lock's disk away for one start.
#pragma once

#include "hypervisor/hypervisor.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::recovery {

class LockWatch {
  public:
    // `report` is called from a thread of the hypervisor's, with the name of the VM that was
    // powered off.
    LockWatch(hypervisor::Hypervisor& hypervisor, std::function<void(const std::string&)> report);

  private:
    void look(VmId vm);

    hypervisor::Hypervisor& hypervisor_;
    std::function<void(const std::string&)> report_;
    std::shared_ptr<void> listening_;  // last, so that it ends first
};

}  // namespace reviver::recovery
