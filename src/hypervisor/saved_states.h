// Memory that a VM was saved with (virsh managedsave). Its next start goes on from there, with the
// definition that lies beside the memory, not with the VM's own: whoever changes what a VM may do
// has to look here too.
//
// Errors: as in hypervisor.h.
#pragma once

#include "model/names.h"

#include <optional>
#include <string>

namespace reviver::hypervisor {

class SavedStates {
  public:
    virtual ~SavedStates() = default;
    // Nothing when the VM has no saved state.
    virtual std::optional<std::string> saved_definition(VmId id) = 0;
    // Images may be others, the hardware must be the same: Code::failed otherwise.
    virtual void redefine_saved(VmId id, const std::string& xml) = 0;
    virtual void discard_saved(VmId id) = 0;
};

}  // namespace reviver::hypervisor
