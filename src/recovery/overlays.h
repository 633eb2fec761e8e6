// The images that VMs write to after a failover: one qcow2 overlay a disk, on top of the point's
// chain.
//
//     DATA/vms/<vm-id>/<target>-<epoch>-<sequence>.qcow2
//
// An overlay has the bitmap from the start, before any VM can open it, so that no write after the
// failover goes untracked. It gets its name only when it is complete and durable: what is called so
// can be used, what is called otherwise is garbage.
#pragma once

#include "recovery/plan.h"
#include "sys/files.h"

#include <string>

namespace reviver::recovery {

class Overlays {
  public:
    Overlays(sys::Files& files, const sys::Path& data) : files_(files), directory_(data / "vms") {}

    sys::Path path_of(const FailoverPlan& plan, const DiskKey& disk) const;
    // Where the disk of a replica that is not failed over points to: no file is ever there.
    sys::Path absent(const DiskKey& disk) const;
    // The latest epoch that an overlay of the VM is named by; 0: there is none.
    Epoch epoch_used(VmId vm);

    // Makes it anew; one that was there is lost.
    void make(const FailoverPlan& plan, const PlanDisk& disk);
    void remove(const FailoverPlan& plan, const DiskKey& disk);

  private:
    sys::Files& files_;
    sys::Path directory_;
};

}  // namespace reviver::recovery
