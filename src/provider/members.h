// What a VM shows of the collection that it replicates with.
#pragma once

#include "model/names.h"
#include "replication/engine.h"

#include <cstdint>
#include <vector>

namespace reviver::provider {

// ReplicationState of a single VM: its numbering differs from a collection's above 10.
std::uint16_t member_state(State state);
// FailedOverReplicationType of a single VM, where planned has another number too.
std::uint16_t member_failover_type(FailoverType type);

// Among `collections`, the one that the VM replicates with; null when it does not.
const replication::Collection* collection_of_vm(
    const std::vector<replication::Collection>& collections, VmId vm);

}  // namespace reviver::provider
