// The nouns of replication: roles, states and settings, with the numbers that CIM clients see
// (Msvm_VirtualSystemCollection and Msvm_CollectionReplicationSettingData).
#pragma once

#include "model/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver {

// ReplicationMode.
enum class Role : std::uint8_t { none = 0, primary = 1, replica = 2, test_replica = 3 };

// ReplicationState of a collection.
enum class State : std::uint8_t {
    disabled = 0,
    ready = 1,
    initial_replication = 2,
    replicating = 3,
    failover_initiated =
        4,  // primary: prepared for a planned failover; recovery: InitiateFailover at work
    recovered = 5,
    committed = 6,
    suspended = 7,
    critical = 8,
    waiting_for_resync = 9,
    resynchronizing = 10,
    planned_failover_initiated = 11,
    repurpose_initiated = 12,
    test_failover_initiated = 13,
    partially_enabled = 14,
    partially_disabled = 15,
    partially_recovered = 16,
};

// Whether there is another side. A test replica has none: it belongs to the replica that it tests.
constexpr bool is_in_relationship(Role role) {
    return role == Role::primary || role == Role::replica;
}

std::string_view name_of(Role role);
std::string_view name_of(State state);

// FailedOverReplicationType of a collection (other numbers than for a single VM).
enum class FailoverType : std::uint8_t { none = 0, regular = 1, planned = 2 };

// InitialReplicationType: over the network, on a medium that is carried, or over the network on top
// of an older copy that the other side has.
enum class InitialReplication : std::uint8_t { network = 1, medium = 2, seeded = 3 };

enum class HealthLevel : std::uint8_t { not_applicable = 0, ok = 1, warning = 2, critical = 3 };

namespace limits {
constexpr std::size_t name_characters_max = 256;
constexpr std::size_t members_max = 256;
constexpr std::size_t collections_max = 1024;
constexpr std::size_t peers_max = 64;
constexpr std::uint32_t interval_s_max = 65535;
constexpr std::uint16_t recovery_history_max = 1024;
constexpr std::uint16_t application_interval_h_max = 12;
}  // namespace limits

enum class Authentication : std::uint16_t { kerberos = 1, certificate = 2 };

struct Settings {
    std::string recovery_connection_point;  // the name of the paired site to replicate to
    std::uint16_t recovery_port = 0;        // 0: the port learned at pairing
    std::string primary_connection_point;
    Authentication authentication = Authentication::certificate;
    std::string
        certificate_thumbprint;  // SHA-256 of this site's certificate; "" means the configured one
    std::string root_certificate_thumbprint;  // filled in by the site
    bool compression = true;
    bool bypass_proxy = false;
    bool replicate_host_kvp = true;
    std::uint32_t interval_s = 300;
    std::uint16_t recovery_history = 24;       // points kept besides the latest
    std::uint16_t application_interval_h = 0;  // 0: off
    bool auto_resync = true;
    std::uint32_t auto_resync_start_s = 0;  // seconds of the local day
    std::uint32_t auto_resync_end_s = 86399;
    std::vector<std::string> included_disks;  // DiskKey::text(); empty: all
    std::vector<std::string> primary_entity_ids;
    std::vector<std::string> recovery_hosts;

    bool operator==(const Settings&) const = default;
};

// Throws Code::invalid_parameter naming the property, its value and what is allowed.
void validate(const Settings& settings);
// Code::invalid_parameter unless the name has 1 to name_characters_max characters, none of them a
// control character. `what` is what needs it: "a collection".
void require_name(std::string_view what, std::string_view name);

// "VMID/target", as in DiskKey::text(); also with the prefix "Reviver:" and either slash.
std::optional<DiskKey> parse_disk_key(std::string_view text);

}  // namespace reviver
