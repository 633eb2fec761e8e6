// How often each VM was started since we look. Tells that a VM which is off now was running in
// between. Any thread.
#pragma once

#include "hypervisor/hypervisor.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace reviver::capture {

class StartWatch {
  public:
    explicit StartWatch(hypervisor::Hypervisor& hypervisor);
    std::uint64_t starts(VmId vm) const;

  private:
    struct Counts {
        mutable std::mutex mutex;
        std::map<VmId, std::uint64_t> starts;
    };
    std::shared_ptr<Counts> counts_;
    std::shared_ptr<void> subscription_;
};

}  // namespace reviver::capture
