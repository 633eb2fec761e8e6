// The same work for several VMs, some at a time: each takes tens of milliseconds in QEMU's tools or
// in libvirt.
#pragma once

#include "hypervisor/hypervisor.h"
#include "recovery/plan.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::recovery {

// Answers the VMs whose work threw an Error, in the order of `vms`.
std::vector<VmFailure> for_each_vm(const std::vector<VmId>& vms,
                                   const std::function<void(VmId)>& work);
// Throws the failures as one Error with a part for each, if there are any. `names` says what a VM
// is called; where it knows nothing, the id has to do. `advice` says what to do.
using VmNames = std::function<std::optional<std::string>(VmId)>;
void throw_failures(const std::vector<VmFailure>& failures, const VmNames& names,
                    std::string_view advice);
// Of the VMs that are defined here, and of those of a point.
VmNames names_at(hypervisor::Hypervisor& hypervisor);
VmNames names_in(const std::vector<VmDefinition>& vms);

}  // namespace reviver::recovery
