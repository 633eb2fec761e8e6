// The instances that show one collection, point or job as it is now; what lists them all, and what
// tells of changes, make them the same way.
#pragma once

#include "cim/instance.h"
#include "replication/engine.h"

#include <vector>

namespace reviver::provider {

cim::Instance collection_instance(const replication::Collection& collection);
cim::Instance job_instance(const Job& job, sys::WallTime now);
// None while the collection is no replica.
std::vector<cim::Instance> point_instances(replication::Engine& engine,
                                           const replication::Collection& collection);
// Of the VMs of a collection, in the namespace of single VMs.
std::vector<cim::Instance> relationship_instances(replication::Engine& engine,
                                                  const replication::Collection& collection);

}  // namespace reviver::provider
