#include "daemon/management_door.h"

#include "audit/audit_door.h"
#include "audit/files.h"
#include "audit/trail.h"
#include "cim/authorizer.h"
#include "cim/builtin_schema.h"
#include "cim/object_manager.h"
#include "metrics/metrics_door.h"
#include "provider/sources.h"
#include "rest/json_door.h"
#include "rest/uri.h"
#include "server/basic_authenticator.h"
#include "server/certificate_authenticator.h"
#include "server/cim_xml_door.h"
#include "server/kerberos_authenticator.h"
#include "server/wsman_door.h"

namespace reviver::daemon {
namespace {

// Viewers look, operators do what a failover needs, administrators also change who replicates what.
std::shared_ptr<const cim::Authorizer> who_may_what() {
    auto roles = std::make_shared<cim::RoleAuthorizer>();
    roles->grant("Msvm_CollectionReplicationService", "GetReplicationStatistics",
                 cim::Role::viewer);
    for (const char* method :
         {"GetReplicationStatistics", "GetReplicationStatisticsEx", "GetSystemCertificates"}) {
        roles->grant("Msvm_ReplicationService", method, cim::Role::viewer);
    }
    roles->grant("Msvm_ReplicationService", "TestReplicationConnection", cim::Role::operate);
    roles->grant("Msvm_ReplicationService", "ImportInitialReplica", cim::Role::operate);
    roles->grant("Msvm_ConcreteJob", "GetError", cim::Role::viewer);
    roles->grant("Msvm_ConcreteJob", "GetErrorEx", cim::Role::viewer);
    roles->grant("Reviver_SiteService", "GetSiteInfo", cim::Role::viewer);
    roles->grant("Reviver_SiteService", "GetSiteInfo", cim::Role::peer);
    for (const char* method :
         {"StartReplication", "SuspendReplication", "ResumeReplication", "InitiateFailover",
          "RevertFailover", "CommitFailover", "InitiatePlannedFailover", "RevertPlannedFailover",
          "PrepareForReverseReplication", "ReverseReplicationRelationship", "Resynchronize",
          "CancelResynchronize", "CancelInitialReplication", "TestReplicaCollection",
          "RevertTestReplicaCollection"}) {
        roles->grant("Msvm_CollectionReplicationService", method, cim::Role::operate);
    }
    roles->grant("Msvm_ConcreteJob", "RequestStateChange", cim::Role::operate);
    roles->grant("Msvm_ComputerSystem", "RequestStateChange", cim::Role::operate);
    roles->grant("Reviver_SiteService", "StartMembers", cim::Role::operate);
    roles->grant("Reviver_SiteService", "Scrub", cim::Role::operate);
    return roles;
}

// What may have to be done on the worst day: no audit log that cannot be written stands in its way.
audit::Trail::Methods emergency_methods() {
    return {"InitiateFailover", "RevertFailover",     "CommitFailover",
            "StartMembers",     "RequestStateChange", "ReverseReplicationRelationship"};
}

std::shared_ptr<const cim::ObjectManager> object_manager(replication::Engine& engine,
                                                         hypervisor::Hypervisor& hypervisor,
                                                         sharing::SharedDisks& shared_disks,
                                                         std::shared_ptr<cim::AuditTrail> trail) {
    cim::Registry registry(cim::load_hyperv_cluster_schema());
    provider::bind_hyperv_cluster(registry, engine, hypervisor, shared_disks);
    auto objects = std::make_shared<cim::ObjectManager>(who_may_what(), std::move(trail));
    objects->add_namespace(std::move(registry));
    cim::Registry virtualization(cim::load_virtualization_schema());
    provider::bind_virtualization(virtualization, engine, hypervisor);
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
    metrics::SiteFigures figures{site, REVIVER_VERSION,      engine.now(),
                                 {},   engine.jobs().list(), engine.policy().site_rate()};
    for (auto& collection : engine.collections()) {
        const CollectionId id = collection.id;
        const std::uint64_t bandwidth = engine.policy().rate_of(id, collection.name);
        figures.collections.push_back({std::move(collection), engine.statistics(id),
                                       engine.health(id), engine.points(id), engine.lag(id),
                                       bandwidth});
    }
    return figures;
}

std::shared_ptr<server::AccountFile> open_accounts(const site::ManagementConfig& config,
                                                   const std::shared_ptr<audit::Trail>& trail) {
    const auto tell = [trail](const server::AccountChange& change) {
        trail->account_changed(change);
    };
    auto accounts = std::make_shared<server::AccountFile>(config.accounts, tell);
    trail->accounts(accounts->all());
    return accounts;
}

std::shared_ptr<server::Authenticator> who_comes_in(
    const site::ManagementConfig& config, const std::shared_ptr<server::AccountFile>& accounts) {
    std::vector<std::shared_ptr<server::Authenticator>> schemes;
    if (!config.keytab.empty()) {
        schemes.push_back(std::make_shared<server::KerberosAuthenticator>(
            accounts, server::KerberosOptions{config.keytab, config.require_channel_binding}));
    }
    schemes.push_back(
        std::make_shared<server::BasicAuthenticator>(accounts, config.allow_unencrypted));
    schemes.push_back(std::make_shared<server::CertificateAuthenticator>(accounts));
    return std::make_shared<server::AnyOf>(std::move(schemes));
}

server::HttpsOptions https_options(const site::ManagementConfig& config,
                                   std::shared_ptr<cim::AuditTrail> trail) {
    server::HttpsOptions options;
    options.address = config.listen.host;
    options.port = config.listen.port;
    options.certificate_file = config.certificate;
    options.key_file = config.key;
    options.client_ca_file = config.client_ca;
    options.client_crl_file = config.client_crl;
    options.trail = std::move(trail);
    return options;
}

server::HttpsOptions http_options(const site::ManagementConfig& config,
                                  server::HttpsOptions options) {
    options.address = config.http->host;
    options.port = config.http->port;
    options.tls = false;
    options.allow_unencrypted = config.allow_unencrypted;
    return options;
}

std::vector<std::string> security_profiles(const site::ManagementConfig& config) {
    std::vector<std::string> profiles = {"https/basic"};
    if (!config.client_ca.empty()) profiles.push_back("https/mutual");
    if (!config.keytab.empty()) profiles.push_back("https/spnego-kerberos");
    if (!config.keytab.empty() && config.http) profiles.push_back("http/spnego-kerberos");
    if (config.allow_unencrypted && config.http) profiles.push_back("http/basic");
    return profiles;
}

}  // namespace

ManagementDoor open_management_door(const site::Config& config, replication::Engine& engine,
                                    hypervisor::Hypervisor& hypervisor,
                                    sharing::SharedDisks& shared_disks, cim::EventBus& events) {
    const auto trail = std::make_shared<audit::Trail>(
        std::make_shared<audit::AuditLog>(audit::directory_in(config.data_dir)), REVIVER_VERSION,
        emergency_methods());
    server::DoorOptions options;
    options.host = config.name;
    options.product_version = REVIVER_VERSION;
    options.security_profiles = security_profiles(config.management);
    const auto objects = object_manager(engine, hypervisor, shared_disks, trail);
    auto door = std::make_shared<server::WsmanDoor>(objects, options);
    server::Router router;
    router.add("/audit", std::make_shared<audit::AuditDoor>(audit::directory_in(config.data_dir)));
    router.add("/cimom", std::make_shared<server::CimXmlDoor>(objects, options));
    router.add("/metrics", std::make_shared<metrics::MetricsDoor>(
                               [name = config.name, &engine] { return figures_of(name, engine); }));
    router.add_below(std::string(rest::api_root),
                     std::make_shared<rest::JsonDoor>(objects, events, options));
    router.add("/wsman", door);
    router.add("/wsman/", door);
    if (config.management.anonymous_identify) {
        router.add_public(std::make_shared<server::WsmanPublicIdentify>(options));
    }
    ManagementDoor opened;
    opened.accounts = open_accounts(config.management, trail);
    const auto authenticator = who_comes_in(config.management, opened.accounts);
    const server::HttpsOptions https = https_options(config.management, trail);
    opened.https = std::make_unique<server::HttpsServer>(https, router, authenticator);
    if (config.management.http) {
        opened.http = std::make_unique<server::HttpsServer>(http_options(config.management, https),
                                                            router, authenticator);
    }
    return opened;
}

}  // namespace reviver::daemon
