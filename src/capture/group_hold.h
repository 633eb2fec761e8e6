// Holds a group of VMs for a moment, so that what is done to each in that moment belongs to one
// instant of the whole group.
//
//     vm a   ──stop──┐ wait ├─change──resume──
//     vm b   ──stop────────┤├─change────resume──
//     vm c   ──stop───┐ wait├─change─resume──
//                           ^ all are stopped
//
// No VM resumes before all are stopped: a guest that runs could tell another, which is not stopped
// yet, of a write that is already outside of the cut, and what the other writes in answer would be
// inside. A VM may resume before the others changed: they are stopped, so nothing it tells them can
// lead to a write before their change. Except to a disk that several share: its storage daemon is
// changed in the same moment, and no VM resumes before every daemon is, for what it then writes
// there must be behind the change.
#pragma once

#include "capture/capture.h"
#include "sys/world.h"

#include <chrono>
#include <memory>
#include <vector>

namespace reviver::capture {

// One VM of the group. Its calls come from one thread, which is not that of other VMs.
class HeldVm {
  public:
    virtual ~HeldVm() = default;
    virtual VmId id() const = 0;
    virtual bool runs()
        const = 0;  // a VM that does not run is changed, and neither stopped nor resumed
    // A storage daemon: its disk is written by VMs of the group.
    virtual bool serves_others() const { return false; }
    virtual void stop() = 0;
    virtual void change() = 0;  // at its end the VM must still be stopped, or it throws
    virtual void resume() = 0;
};

// Returns after every VM is resumed. When one fails, or not all are stopped within `hold_max`, all
// are resumed and the first error is thrown; some may have been changed then. The wait for a QEMU
// that does not answer is not bounded here, but the other VMs do not wait for it longer than
// `hold_max`.
HoldStatistics hold_group(sys::World& world, const std::vector<std::unique_ptr<HeldVm>>& vms,
                          sys::Duration hold_max);

}  // namespace reviver::capture
