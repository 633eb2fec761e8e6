// The services of a site as instances: one of each, in every namespace that knows its class.
#pragma once

#include "cim/provider.h"
#include "replication/engine.h"

namespace reviver::provider {

struct ServiceName {
    const char* class_name;
    const char* name;
    const char* caption;
};
constexpr ServiceName collection_service{"Msvm_CollectionManagementService", "collectionmgmtsvc",
                                         "Collection Management Service"};
constexpr ServiceName replication_service{"Msvm_CollectionReplicationService",
                                          "collectionreplicasvc", "Collection Replication Service"};
constexpr ServiceName snapshot_service{"Msvm_CollectionSnapshotService", "collectionsnapshotsvc",
                                       "Collection Snapshot Service"};
constexpr ServiceName reference_point_service{"Msvm_CollectionReferencePointService",
                                              "collectionrefpointsvc",
                                              "Collection Reference Point Service"};
constexpr ServiceName vm_replication_service{"Msvm_ReplicationService", "replicasvc",
                                             "Replication Service"};

cim::ObjectPath path_of_service(const ServiceName& service, const replication::Engine& engine);

// Those whose classes the registry's schema has, with the methods of every service and what the
// services manage.
void bind_service_instances(cim::Registry& registry, replication::Engine& engine);

}  // namespace reviver::provider
