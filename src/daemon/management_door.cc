#include "daemon/management_door.h"

#include "cim/authorizer.h"
#include "cim/builtin_schema.h"
#include "cim/object_manager.h"
#include "provider/sources.h"
#include "server/basic_authenticator.h"
#include "server/wsman_door.h"

namespace reviver::daemon {
namespace {

// Viewers look, operators do what a failover needs, administrators also change who replicates what.
std::shared_ptr<const cim::Authorizer> who_may_what() {
    auto roles = std::make_shared<cim::RoleAuthorizer>();
    roles->grant("Msvm_CollectionReplicationService", "GetReplicationStatistics",
                 cim::Role::viewer);
    roles->grant("Msvm_ConcreteJob", "GetError", cim::Role::viewer);
    roles->grant("Msvm_ConcreteJob", "GetErrorEx", cim::Role::viewer);
    roles->grant("Reviver_SiteService", "GetSiteInfo", cim::Role::viewer);
    for (const char* method :
         {"StartReplication", "SuspendReplication", "ResumeReplication", "InitiateFailover",
          "RevertFailover", "CommitFailover", "InitiatePlannedFailover", "RevertPlannedFailover",
          "PrepareForReverseReplication", "ReverseReplicationRelationship"}) {
        roles->grant("Msvm_CollectionReplicationService", method, cim::Role::operate);
    }
    roles->grant("Msvm_ConcreteJob", "RequestStateChange", cim::Role::operate);
    roles->grant("Msvm_ComputerSystem", "RequestStateChange", cim::Role::operate);
    roles->grant("Reviver_SiteService", "StartMembers", cim::Role::operate);
    roles->grant("Reviver_SiteService", "Scrub", cim::Role::operate);
    return roles;
}

std::shared_ptr<const cim::ObjectManager> object_manager(replication::Engine& engine,
                                                         hypervisor::Hypervisor& hypervisor) {
    cim::Registry registry(cim::load_hyperv_cluster_schema());
    provider::bind_collections(registry, engine);
    provider::bind_settings(registry, engine);
    provider::bind_points(registry, engine);
    provider::bind_jobs(registry, engine);
    provider::bind_systems(registry, engine, hypervisor);
    provider::bind_services(registry, engine);
    provider::bind_site(registry, engine);
    auto objects = std::make_shared<cim::ObjectManager>(who_may_what());
    objects->add_namespace(std::move(registry));
    return objects;
}

}  // namespace

std::unique_ptr<server::HttpsServer> open_management_door(const site::Config& config,
                                                          replication::Engine& engine,
                                                          hypervisor::Hypervisor& hypervisor) {
    server::WsmanOptions wsman;
    wsman.product_version = REVIVER_VERSION;
    wsman.machine = config.name;
    auto door = std::make_shared<server::WsmanDoor>(object_manager(engine, hypervisor), wsman);
    server::Router router;
    router.add("/wsman", door);
    router.add("/wsman/", door);
    if (config.management.anonymous_identify) {
        router.add_public(std::make_shared<server::WsmanPublicIdentify>(wsman));
    }
    server::HttpsOptions https;
    https.address = config.management.listen.host;
    https.port = config.management.listen.port;
    https.certificate_file = config.management.certificate;
    https.key_file = config.management.key;
    return std::make_unique<server::HttpsServer>(
        https, std::move(router),
        std::make_shared<server::BasicAuthenticator>(config.management.accounts));
}

}  // namespace reviver::daemon
