// Msvm_ReplicationService of root/virtualization/v2: what the site takes in, and from whom.

#include "base/error.h"
#include "cim/embedded_text.h"
#include "provider/members.h"
#include "provider/methods.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/service_instances.h"
#include "provider/settings.h"
#include "provider/sources.h"

#include <algorithm>

namespace reviver::provider {

namespace {

using replication::Authorization;
using replication::Collection;
using replication::Engine;

constexpr std::uint16_t by_certificate = 2;

// --- settings

cim::Instance settings_instance(Engine& engine) {
    const replication::ServiceSettings settings = engine.recovery_server().settings();
    cim::Instance instance("Msvm_ReplicationServiceSettingData");
    instance.set("InstanceID", path_of_service_settings().key_text("InstanceID"));
    instance.set("ElementName", "Replication Service Settings");
    instance.set("RecoveryServerEnabled", settings.recovery_server_enabled);
    instance.set("AllowedAuthenticationType", by_certificate);
    instance.set("CertificateThumbPrint", engine.site().fingerprint);
    instance.set("HttpPort", std::uint16_t{0});
    instance.set("HttpsPort", engine.site().endpoint.port);
    instance.set("MonitoringInterval", settings.monitoring_interval_s);
    instance.set("MonitoringStartTime", time_of_day(settings.monitoring_start_s));
    return instance;
}

void require_certificate(const cim::Value& authentication, const char* name) {
    if (authentication.is_null() || authentication.as_unsigned() == by_certificate) return;
    fail(Code::not_supported, "{} is {}; sites authenticate each other by certificate ({})", name,
         authentication.as_unsigned(), by_certificate);
}

void require_own_certificate(const Engine& engine, const cim::Value& thumbprint) {
    if (thumbprint.is_null() || thumbprint.as_string().empty()) return;
    std::string digits;
    for (const char c : thumbprint.as_string()) {
        if (c != ':' && c != ' ') {
            digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    if (digits == engine.site().fingerprint) return;
    fail(Code::invalid_parameter,
         "CertificateThumbPrint is '{}'; this site proves its identity with '{}' "
         "(GetSystemCertificates "
         "shows it). Another certificate is set in reviver.toml, peer.certificate",
         thumbprint.as_string(), engine.site().fingerprint);
}

void require_port(const cim::Instance& settings, const char* name, std::uint16_t present) {
    const cim::Value& wanted = settings.get(name);
    if (wanted.is_null() || wanted.as_unsigned() == present) return;
    fail(Code::not_supported,
         "{} is {} and cannot be changed while the site runs: set peer.listen in reviver.toml and "
         "restart reviverd",
         name, present);
}

void modify_settings(Engine& engine, const cim::Call& call) {
    const cim::Instance& wanted = required_argument(call, "SettingData").as_instance();
    require_certificate(wanted.get("AllowedAuthenticationType"), "AllowedAuthenticationType");
    require_own_certificate(engine, wanted.get("CertificateThumbPrint"));
    require_port(wanted, "HttpPort", 0);
    require_port(wanted, "HttpsPort", engine.site().endpoint.port);
    replication::ServiceSettings settings = engine.recovery_server().settings();
    if (const auto& v = wanted.get("RecoveryServerEnabled"); !v.is_null()) {
        settings.recovery_server_enabled = v.as_bool();
    }
    if (const auto& v = wanted.get("MonitoringInterval"); !v.is_null()) {
        settings.monitoring_interval_s = static_cast<std::uint32_t>(v.as_unsigned());
    }
    if (const auto& v = wanted.get("MonitoringStartTime"); !v.is_null()) {
        settings.monitoring_start_s = seconds_of_day("MonitoringStartTime", v);
    }
    engine.recovery_server().change(settings);
}

// --- authorization entries

cim::Instance entry_instance(const Engine& engine, const replication::Peer& peer) {
    cim::Instance instance("Msvm_ReplicationAuthorizationSettingData");
    instance.set("InstanceID", path_of_authorization(peer.name).key_text("InstanceID"));
    instance.set("ElementName", peer.name);
    instance.set("AllowedPrimaryHostSystem", peer.name);
    instance.set("TrustGroup", peer.authorization->trust_group);
    instance.set("ReplicaStorageLocation", engine.site().replicas.string());
    return instance;
}

std::vector<cim::Instance> entries(Engine& engine) {
    std::vector<cim::Instance> result;
    for (const replication::Peer& peer : engine.peers().list()) {
        if (peer.authorization) result.push_back(entry_instance(engine, peer));
    }
    return result;
}

// One store holds all replicas of a site.
void require_own_location(const Engine& engine, const cim::Value& location) {
    if (location.is_null() || location.as_string().empty()) return;
    const sys::Path wanted = sys::Path(location.as_string() + "/.").lexically_normal();
    if (wanted == (engine.site().replicas / ".").lexically_normal()) return;
    fail(
        Code::not_supported,
        "ReplicaStorageLocation is '{}'; this site keeps all replicas in {}. Leave it NULL, or put "
        "data_dir of reviver.toml where they should be",
        location.as_string(), engine.site().replicas.string());
}

struct Entry {
    std::string primary;
    std::optional<std::string> trust_group;
};

Entry entry_argument(const Engine& engine, const cim::Call& call) {
    const cim::Instance& entry = required_argument(call, "AuthorizationEntry").as_instance();
    const cim::Value& primary = entry.get("AllowedPrimaryHostSystem");
    if (primary.is_null() || primary.as_string().empty()) {
        fail(Code::invalid_parameter,
             "AllowedPrimaryHostSystem is empty; give the name of a paired site");
    }
    require_own_location(engine, entry.get("ReplicaStorageLocation"));
    const cim::Value& group = entry.get("TrustGroup");
    return {primary.as_string(), group.is_null() ? std::nullopt : std::optional(group.as_string())};
}

void add_entry(Engine& engine, const cim::Call& call) {
    const Entry entry = entry_argument(engine, call);
    engine.recovery_server().authorize(entry.primary, {entry.trust_group.value_or("")});
}

void modify_entry(Engine& engine, const cim::Call& call) {
    const Entry entry = entry_argument(engine, call);
    const auto peer = engine.peers().find(entry.primary);
    Authorization changed = peer && peer->authorization ? *peer->authorization : Authorization{};
    if (entry.trust_group) changed.trust_group = *entry.trust_group;
    engine.recovery_server().change_authorization(entry.primary, changed);
}

void remove_entry(Engine& engine, const cim::Call& call) {
    engine.recovery_server().withdraw(
        required_argument(call, "AllowedPrimaryHostSystem").as_string());
}

// --- connections and identity

void test_connection(Engine& engine, const cim::Call& call) {
    require_certificate(call.argument("AuthenticationType"), "AuthenticationType");
    require_own_certificate(engine, call.argument("CertificateThumbPrint"));
    const cim::Value& port = call.argument("RecoveryServerPortNumber");
    engine.check_connection(required_argument(call, "RecoveryConnectionPoint").as_string(),
                            static_cast<std::uint16_t>(port.is_null() ? 0 : port.as_unsigned()));
}

// X.509 in DER, base64: what stands between the lines of a PEM file. The site's own certificate is
// the first.
std::vector<std::string> encoded_certificates(const std::string& pem) {
    const std::string begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----";
    std::vector<std::string> result;
    for (std::size_t at = pem.find(begin); at != std::string::npos; at = pem.find(begin, at)) {
        at += begin.size();
        std::string text = pem.substr(at, pem.find(end, at) - at);
        std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
        result.push_back(std::move(text));
    }
    return result;
}

// --- single VMs

Collection collection_argument(Engine& engine, const cim::Call& call) {
    const VmId vm = vm_of(required_argument(call, "ComputerSystem").as_reference());
    const auto collections = engine.collections();
    const Collection* collection = collection_of_vm(collections, vm);
    if (collection == nullptr) fail(Code::invalid_state, "VM {} does not replicate", vm.text());
    return *collection;
}

cim::Instance statistics_instance(Engine& engine, const Collection& c, HealthLevel health) {
    const replication::Statistics s = engine.statistics(c.id);
    cim::Instance instance("Msvm_ReplicationStatistics");
    instance.set("InstanceID", "Reviver:" + c.id.text() + "\\Statistics");
    show_statistics(instance, s, engine.now(), health);
    instance.set("ReplicationSuccessCount", static_cast<std::uint32_t>(s.success_count));
    instance.set("ReplicationMissCount", static_cast<std::uint32_t>(s.miss_count));
    instance.set("ReplicationLatency",
                 static_cast<std::uint32_t>((replication::latency_ms_mean(s) + 999) / 1000));
    return instance;
}

cim::Instance issue_instance(const std::string& text) {
    constexpr std::uint16_t software = 4, minor = 3;
    cim::Instance error("Msvm_Error");
    error.set("Message", text);
    error.set("MessageID", "health");
    error.set("ErrorType", software);
    error.set("PerceivedSeverity", minor);
    error.set("OwningEntity", "Reviver");
    return error;
}

void get_statistics(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    const Collection c = collection_argument(engine, call);
    const replication::Health health = engine.health(c.id);
    const auto text = [](const cim::Instance& instance) {
        return cim::Value(cim::write_embedded(instance));
    };
    std::vector<cim::Value> issues;
    for (const std::string& issue : health.issues) issues.push_back(text(issue_instance(issue)));
    result.out["ReplicationStatistics"] =
        cim::Value::array(cim::Type::string, {text(statistics_instance(engine, c, health.level))});
    result.out["ReplicationHealthIssues"] = cim::Value::array(cim::Type::string, issues);
}

void set_failover_network(Engine& engine, hypervisor::Hypervisor& hypervisor,
                          const cim::Call& call) {
    const VmId vm = vm_of(required_argument(call, "ComputerSystem").as_reference());
    hypervisor.domain(vm);  // there has to be one
    std::vector<replication::AdapterSettings> adapters;
    for (const cim::Value& value : required_argument(call, "NetworkSettings").elements()) {
        adapters.push_back(adapter_from(value.as_instance(), vm));
    }
    engine.failover_network().set(vm, adapters);
}

// The directory of the group or of one of its VMs: the group is taken in as a whole.
void import_replica(Engine& engine, const cim::Call& call, cim::MethodResult& result) {
    std::optional<VmId> vm;
    if (const cim::Value& given = call.argument("ComputerSystem"); !given.is_null())
        vm = vm_of(given.as_reference());
    const std::string directory =
        required_argument(call, "InitialReplicationImportLocation").as_string();
    answer_job(result, engine.import_replica(directory, vm, call.who.name()));
}

void refuse_methods_of_vms(cim::Registry& registry, Engine& engine) {
    refuse_methods(registry, engine, vm_replication_service.class_name,
                   {"CreateReplicationRelationship", "ModifyReplicationSettings",
                    "RemoveReplicationRelationship", "RemoveReplicationRelationshipEx",
                    "StartReplication", "ReverseReplicationRelationship", "InitiateFailover",
                    "RevertFailover", "CommitFailover", "TestReplicaSystem", "Resynchronize",
                    "ChangeReplicationModeToPrimary", "InitiateFailback"},
                   "virtual machines are replicated with their collection; use "
                   "Msvm_CollectionReplicationService in root/HyperVCluster/v2");
    refuse_methods(registry, engine, vm_replication_service.class_name, {"SetAuthorizationEntry"},
                   "entries are about sites and not about single machines; use "
                   "AddAuthorizationEntry and RemoveAuthorizationEntry");
}

}  // namespace

void bind_replication_service(cim::Registry& registry, Engine& engine,
                              hypervisor::Hypervisor& hypervisor) {
    bind_list(registry, "Msvm_ReplicationServiceSettingData",
              [&engine] { return std::vector{settings_instance(engine)}; });
    bind_list(registry, "Msvm_ReplicationAuthorizationSettingData",
              [&engine] { return entries(engine); });
    auto bind = [&](const char* name, Body body) {
        registry.bind_method(vm_replication_service.class_name, name,
                             method(engine, std::move(body)));
    };
    using Action = void (*)(Engine&, const cim::Call&);
    auto act = [&engine](Action action) {
        return
            [&engine, action](const cim::Call& call, cim::MethodResult&) { action(engine, call); };
    };
    bind("ModifyServiceSettings", act(modify_settings));
    bind("AddAuthorizationEntry", act(add_entry));
    bind("ModifyAuthorizationEntry", act(modify_entry));
    bind("RemoveAuthorizationEntry", act(remove_entry));
    bind("TestReplicationConnection", act(test_connection));
    bind("ImportInitialReplica", [&engine](const cim::Call& call, cim::MethodResult& result) {
        import_replica(engine, call, result);
    });
    bind("SetFailoverNetworkAdapterSettings",
         [&engine, &hypervisor](const cim::Call& call, cim::MethodResult&) {
             set_failover_network(engine, hypervisor, call);
         });
    for (const char* name : {"GetReplicationStatistics", "GetReplicationStatisticsEx"}) {
        bind(name, [&engine](const cim::Call& call, cim::MethodResult& result) {
            get_statistics(engine, call, result);
        });
    }
    for (const char* name : {"ResetReplicationStatistics", "ResetReplicationStatisticsEx"}) {
        bind(name, [&engine](const cim::Call& call, cim::MethodResult&) {
            engine.reset_statistics(collection_argument(engine, call).id);
        });
    }
    registry.bind_method(
        vm_replication_service.class_name, "GetSystemCertificates", [&engine](const cim::Call&) {
            cim::MethodResult result;
            result.out["EncodedCertificates"] = encoded_certificates(engine.site().certificate);
            return result;
        });
    refuse_methods_of_vms(registry, engine);
}

}  // namespace reviver::provider
