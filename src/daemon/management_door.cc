#include "daemon/management_door.h"

#include "cim/authorizer.h"
#include "cim/builtin_schema.h"
#include "cim/object_manager.h"
#include "metrics/metrics_door.h"
#include "provider/sources.h"
#include "server/basic_authenticator.h"
#include "server/cim_xml_door.h"
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
    cim::Registry virtualization(cim::load_virtualization_schema());
    provider::bind_collections(virtualization, engine);
    provider::bind_systems(virtualization, engine, hypervisor);
    provider::bind_relationships(virtualization, engine);
    objects->add_namespace(std::move(virtualization));
    std::vector<std::string> names = {cim::hyperv_cluster_namespace, cim::virtualization_namespace};
    names.insert(names.end(), std::begin(cim::interop_namespaces),
                 std::end(cim::interop_namespaces));
    for (const char* name : cim::interop_namespaces) {
        cim::Registry interop(cim::load_interop_schema(name));
        provider::bind_interop(interop, engine.site().name, names);
        objects->add_namespace(std::move(interop));
    }
    return objects;
}

metrics::SiteFigures figures_of(const std::string& site, replication::Engine& engine) {
    metrics::SiteFigures figures{site, REVIVER_VERSION, engine.now(), {}, engine.jobs().list()};
    for (auto& collection : engine.collections()) {
        const CollectionId id = collection.id;
        figures.collections.push_back(
            {std::move(collection), engine.statistics(id), engine.health(id), engine.points(id)});
    }
    return figures;
}

}  // namespace

std::unique_ptr<server::HttpsServer> open_management_door(const site::Config& config,
                                                          replication::Engine& engine,
                                                          hypervisor::Hypervisor& hypervisor) {
    server::WsmanOptions wsman;
    wsman.product_version = REVIVER_VERSION;
    wsman.machine = config.name;
    const auto objects = object_manager(engine, hypervisor);
    auto door = std::make_shared<server::WsmanDoor>(objects, wsman);
    server::CimXmlOptions cim_xml;
    cim_xml.host = config.name;
    server::Router router;
    router.add("/cimom", std::make_shared<server::CimXmlDoor>(objects, cim_xml));
    router.add("/metrics", std::make_shared<metrics::MetricsDoor>(
                               [name = config.name, &engine] { return figures_of(name, engine); }));
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
