#include "model/replication.h"

#include "base/control_characters.h"
#include "base/error.h"

#include <algorithm>

namespace reviver {

std::string_view name_of(Role role) {
    switch (role) {
        case Role::none:
            return "none";
        case Role::primary:
            return "primary";
        case Role::replica:
            return "replica";
        case Role::test_replica:
            return "test replica";
    }
    return "unknown";
}

std::string_view name_of(State state) {
    switch (state) {
        case State::disabled:
            return "disabled";
        case State::ready:
            return "ready for replication";
        case State::initial_replication:
            return "waiting to complete initial replication";
        case State::replicating:
            return "replicating";
        case State::failover_initiated:
            return "failover initiated";
        case State::recovered:
            return "recovered";
        case State::committed:
            return "committed";
        case State::suspended:
            return "suspended";
        case State::critical:
            return "critical";
        case State::waiting_for_resync:
            return "waiting to start resynchronization";
        case State::resynchronizing:
            return "resynchronizing";
        case State::planned_failover_initiated:
            return "planned failover initiated";
        case State::repurpose_initiated:
            return "repurpose initiated";
        case State::test_failover_initiated:
            return "test failover initiated";
        case State::partially_enabled:
            return "partially enabled";
        case State::partially_disabled:
            return "partially disabled";
        case State::partially_recovered:
            return "partially recovered";
    }
    return "unknown";
}

namespace {

template <class T>
void require_range(std::string_view name, T value, T least, T most) {
    if (value < least || value > most) {
        fail(Code::invalid_parameter, "{} is {}; allowed is {} to {}", name, value, least, most);
    }
}

void require_length(std::string_view name, const std::string& value, std::size_t most) {
    if (value.size() > most) {
        fail(Code::invalid_parameter, "{} has {} characters; allowed are {}", name, value.size(),
             most);
    }
}

}  // namespace

void require_name(std::string_view what, std::string_view name) {
    if (name.empty() || name.size() > limits::name_characters_max || has_control_characters(name)) {
        fail(Code::invalid_parameter,
             "{} needs a name of 1 to {} characters, without control characters", what,
             limits::name_characters_max);
    }
}

void validate(const Settings& settings) {
    if (settings.recovery_connection_point.empty()) {
        fail(Code::invalid_parameter,
             "RecoveryConnectionPoint is empty; give the name of the site to replicate to");
    }
    require_length("RecoveryConnectionPoint", settings.recovery_connection_point,
                   limits::name_characters_max);
    require_length("CertificateThumbPrint", settings.certificate_thumbprint, 128);
    if (settings.authentication != Authentication::certificate) {
        fail(Code::invalid_parameter,
             "AuthenticationType is {}; sites authenticate each other by certificate (2)",
             static_cast<int>(settings.authentication));
    }
    require_range<std::uint32_t>("ReplicationInterval", settings.interval_s, 1,
                                 limits::interval_s_max);
    require_range<std::uint16_t>("RecoveryHistory", settings.recovery_history, 0,
                                 limits::recovery_history_max);
    require_range<std::uint16_t>("ApplicationConsistentSnapshotInterval",
                                 settings.application_interval_h, 0,
                                 limits::application_interval_h_max);
    require_range<std::uint32_t>("AutoResynchronizeIntervalStart", settings.auto_resync_start_s, 0,
                                 86399);
    require_range<std::uint32_t>("AutoResynchronizeIntervalEnd", settings.auto_resync_end_s, 0,
                                 86399);
    for (const std::string& disk : settings.included_disks) {
        if (!parse_disk_key(disk)) {
            fail(Code::invalid_parameter,
                 "IncludedDisks has '{}'; a disk is named VMID/TARGET, for example {}/vda", disk,
                 "6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b");
        }
    }
}

std::optional<DiskKey> parse_disk_key(std::string_view text) {
    constexpr std::string_view prefix = "Reviver:";
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    const std::size_t slash = text.find_first_of("/\\");
    if (slash == std::string_view::npos) return std::nullopt;
    const auto vm = VmId::parse(text.substr(0, slash));
    const std::string_view target = text.substr(slash + 1);
    const bool plain = std::all_of(target.begin(), target.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (!vm || target.empty() || target.size() > 32 || !plain) return std::nullopt;
    return DiskKey{*vm, std::string(target)};
}

}  // namespace reviver
