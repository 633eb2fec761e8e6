// The ids of what a test has of its own. Made from those of the test and of the original by a hash:
// the same for every repetition, others in every test.
#pragma once

#include "model/names.h"

namespace reviver::recovery {

// Of a VM, or of a disk that VMs share.
VmId id_in_trial(CollectionId trial, VmId original);

}  // namespace reviver::recovery
