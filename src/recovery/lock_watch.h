// Powers a locked VM off at once when it runs all the same: restored from a file that it was saved
// to, or started by somebody who took the lock's disk away for one start or put a file where none
// should be.
//
// It looks at every VM when it begins, for nobody watched before, and then at each that is started.
// A VM that ran already when it was locked runs on: its lock is for the next start.
#pragma once

#include "hypervisor/hypervisor.h"
#include "recovery/lock_records.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::recovery {

class LockWatch {
  public:
    // `report` gets the VM and a sentence for people, in the thread that makes this or in one of
    // the hypervisor's. `data`: the site's data directory.
    using Report = std::function<void(VmId, const std::string&)>;
    LockWatch(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data,
              Report report);

  private:
    void look(VmId vm);
    void look_at(const hypervisor::Domain& domain);
    void tell(VmId vm, const std::string& text);

    hypervisor::Hypervisor& hypervisor_;
    LockRecords records_;
    Report report_;
    std::shared_ptr<void> listening_;  // last, so that it ends first
};

}  // namespace reviver::recovery
