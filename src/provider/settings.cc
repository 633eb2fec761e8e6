#include "provider/settings.h"

#include "base/error.h"
#include "cim/object_path.h"
#include "provider/names.h"
#include "provider/sources.h"

namespace reviver::provider {

namespace {

constexpr const char* class_name = "Msvm_CollectionReplicationSettingData";
constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day = 86'400;

// A disk as IncludedDisks names it: plain, or as the InstanceID of an object path.
std::string disk_text(const std::string& text) {
    if (const auto key = parse_disk_key(text)) return key->text();
    if (cim::ObjectPath::looks_like_path(text)) {
        const std::string id = cim::ObjectPath::parse(text).key_text("InstanceID");
        if (const auto key = parse_disk_key(id)) return key->text();
    }
    return text;
}

template <class T>
void take_number(const cim::Instance& from, const char* name, T& to) {
    const cim::Value& value = from.get(name);
    if (!value.is_null()) to = static_cast<T>(value.as_unsigned());
}
void take_text(const cim::Instance& from, const char* name, std::string& to) {
    const cim::Value& value = from.get(name);
    if (!value.is_null()) to = value.as_string();
}
void take_flag(const cim::Instance& from, const char* name, bool& to) {
    const cim::Value& value = from.get(name);
    if (!value.is_null()) to = value.as_bool();
}

std::vector<cim::Instance> links_to_settings(replication::Engine& engine, const char* association) {
    std::vector<cim::Instance> result;
    for (const auto& c : engine.collections()) {
        if (c.of_collections) continue;
        cim::Instance link(association);
        link.set("ManagedElement", path_of_collection("Msvm_VirtualSystemCollection", c.id));
        link.set("SettingData", path_of_settings(c.id));
        result.push_back(std::move(link));
    }
    return result;
}

}  // namespace

cim::Value time_of_day(std::uint32_t seconds) {
    return cim::DateTime::interval(static_cast<std::int64_t>(seconds) * second);
}

std::uint32_t seconds_of_day(const char* name, const cim::Value& value) {
    const cim::DateTime time = value.as_datetime();
    // Clients write the time of day as an interval; a timestamp counts by its time of day.
    const std::int64_t seconds = time.microseconds() / second;
    if (!time.is_interval()) return static_cast<std::uint32_t>(((seconds % day) + day) % day);
    if (seconds >= day) fail(Code::invalid_parameter, "{} is not within a day", name);
    return static_cast<std::uint32_t>(seconds);
}

void show_settings(cim::Instance& instance, const Settings& s) {
    instance.set("AuthenticationType", static_cast<std::uint16_t>(s.authentication));
    instance.set("CertificateThumbPrint", s.certificate_thumbprint);
    instance.set("RootCertificateThumbPrint", s.root_certificate_thumbprint);
    instance.set("CompressionEnabled", s.compression);
    instance.set("BypassProxyServer", s.bypass_proxy);
    instance.set("RecoveryConnectionPoint", s.recovery_connection_point);
    instance.set("PrimaryConnectionPoint", s.primary_connection_point);
    instance.set("RecoveryServerPortNumber", s.recovery_port);
    instance.set("ReplicateHostKvpItems", s.replicate_host_kvp);
    instance.set("ApplicationConsistentSnapshotInterval", s.application_interval_h);
    instance.set("RecoveryHistory", s.recovery_history);
    instance.set("AutoResynchronizeEnabled", s.auto_resync);
    instance.set("AutoResynchronizeIntervalStart", time_of_day(s.auto_resync_start_s));
    instance.set("AutoResynchronizeIntervalEnd", time_of_day(s.auto_resync_end_s));
    instance.set("ReplicationInterval", static_cast<std::uint16_t>(s.interval_s));
}

cim::Instance settings_instance(const replication::Collection& c) {
    cim::Instance instance(class_name);
    instance.set("InstanceID", settings_instance_id(c.id));
    instance.set("ElementName", c.name);
    instance.set("Caption", "Replication settings");
    show_settings(instance, c.settings);
    instance.set("IncludedDisks", c.settings.included_disks);
    instance.set("RecoveryServerHosts", c.settings.recovery_hosts);
    instance.set("PrimaryReplicationEntityIDs", c.settings.primary_entity_ids);
    return instance;
}

replication::AdapterSettings adapter_from(const cim::Instance& in, VmId vm) {
    replication::AdapterSettings s;
    s.adapter =
        adapter_of(in.get("InstanceID").is_null() ? "" : in.get("InstanceID").as_string(), vm);
    take_number(in, "ProtocolIFType", s.protocol);
    take_flag(in, "DHCPEnabled", s.dhcp);
    s.addresses = in.get("IPAddresses").as_strings();
    s.subnets = in.get("Subnets").as_strings();
    s.gateways = in.get("DefaultGateways").as_strings();
    s.dns_servers = in.get("DNSServers").as_strings();
    return s;
}

Settings settings_from(const cim::Instance& in, const Settings& present) {
    Settings s = present;
    std::uint16_t authentication = static_cast<std::uint16_t>(s.authentication);
    take_number(in, "AuthenticationType", authentication);
    s.authentication = static_cast<Authentication>(authentication);
    take_text(in, "CertificateThumbPrint", s.certificate_thumbprint);
    take_flag(in, "CompressionEnabled", s.compression);
    take_flag(in, "BypassProxyServer", s.bypass_proxy);
    take_text(in, "RecoveryConnectionPoint", s.recovery_connection_point);
    take_number(in, "RecoveryServerPortNumber", s.recovery_port);
    take_flag(in, "ReplicateHostKvpItems", s.replicate_host_kvp);
    take_number(in, "ApplicationConsistentSnapshotInterval", s.application_interval_h);
    take_number(in, "RecoveryHistory", s.recovery_history);
    take_flag(in, "AutoResynchronizeEnabled", s.auto_resync);
    if (const auto& v = in.get("AutoResynchronizeIntervalStart"); !v.is_null()) {
        s.auto_resync_start_s = seconds_of_day("AutoResynchronizeIntervalStart", v);
    }
    if (const auto& v = in.get("AutoResynchronizeIntervalEnd"); !v.is_null()) {
        s.auto_resync_end_s = seconds_of_day("AutoResynchronizeIntervalEnd", v);
    }
    take_number(in, "ReplicationInterval", s.interval_s);
    if (const auto& v = in.get("IncludedDisks"); !v.is_null()) {
        s.included_disks.clear();
        for (const std::string& text : v.as_strings()) s.included_disks.push_back(disk_text(text));
    }
    if (const auto& v = in.get("RecoveryServerHosts"); !v.is_null()) {
        s.recovery_hosts = v.as_strings();
    }
    if (const auto& v = in.get("PrimaryReplicationEntityIDs"); !v.is_null()) {
        s.primary_entity_ids = v.as_strings();
    }
    validate(s);
    return s;
}

void bind_settings(cim::Registry& registry, replication::Engine& engine) {
    bind_list(registry, class_name, [&engine] {
        std::vector<cim::Instance> result;
        for (const auto& c : engine.collections()) {
            if (!c.of_collections) result.push_back(settings_instance(c));
        }
        return result;
    });
    bind_list(registry, "Msvm_ElementSettingData", [&engine] {
        std::vector<cim::Instance> links = links_to_settings(engine, "Msvm_ElementSettingData");
        for (cim::Instance& link : links) link.set("IsCurrent", std::uint16_t{1});
        return links;
    });
    // Clients find settings by either class.
    bind_list(registry, "Msvm_SettingsDefineState",
              [&engine] { return links_to_settings(engine, "Msvm_SettingsDefineState"); });
}

}  // namespace reviver::provider
