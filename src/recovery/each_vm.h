// The same work for several VMs, some at a time: each takes tens of milliseconds in QEMU's tools or
// in libvirt.
#pragma once

#include "recovery/plan.h"

#include <functional>
#include <vector>

namespace reviver::recovery {

// Answers the VMs whose work threw an Error, in the order of `vms`.
std::vector<VmFailure> for_each_vm(const std::vector<VmId>& vms,
                                   const std::function<void(VmId)>& work);
// Throws the failures as one Error, if there are any.
void throw_failures(const std::vector<VmFailure>& failures);

}  // namespace reviver::recovery
