// What failed for some VMs of a point, as one error that says it of each.
#pragma once

#include "model/point.h"
#include "replication/machines.h"

#include <string_view>
#include <vector>

namespace reviver::replication {

// `what` says what was not done with a VM ("could not be set up"), `advice` what to do. There is a
// failure at least.
[[noreturn]] void fail_of(const std::vector<VmDefinition>& vms,
                          const std::vector<VmFailure>& failures, std::string_view what,
                          std::string_view advice);

}  // namespace reviver::replication
