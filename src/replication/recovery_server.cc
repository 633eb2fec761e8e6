#include "replication/recovery_server.h"

#include "base/error.h"
#include "replication/json_text.h"
#include "replication/limits.h"

namespace reviver::replication {

namespace {

constexpr const char* kind = "service";
constexpr const char* document = "settings";
constexpr std::uint32_t day_s = 86'400;

void validate(const ServiceSettings& s) {
    if (s.monitoring_interval_s < limits::monitoring_interval_s_min ||
        s.monitoring_interval_s > limits::monitoring_interval_s_max) {
        fail(Code::invalid_parameter, "MonitoringInterval is {}; allowed is {} to {} seconds",
             s.monitoring_interval_s, limits::monitoring_interval_s_min,
             limits::monitoring_interval_s_max);
    }
    if (s.monitoring_start_s >= day_s) {
        fail(Code::invalid_parameter, "MonitoringStartTime is not within a day");
    }
}

void validate(const Authorization& authorization) {
    if (!authorization.trust_group.empty())
        require_name("a trust group", authorization.trust_group);
}

}  // namespace

std::string to_text(const ServiceSettings& s) {
    return json::serialize(json::object{{"recovery_server_enabled", s.recovery_server_enabled},
                                        {"monitoring_interval_s", s.monitoring_interval_s},
                                        {"monitoring_start_s", s.monitoring_start_s}});
}

ServiceSettings service_settings_from_text(std::string_view text) {
    const json::value value = parse_document(text);
    const Reader in(value.get_object());
    return {in.flag("recovery_server_enabled"), in.number<std::uint32_t>("monitoring_interval_s"),
            in.number<std::uint32_t>("monitoring_start_s")};
}

bool monitoring_begins_anew(const ServiceSettings& settings, sys::WallTime since,
                            sys::WallTime now) {
    const auto interval_of = [&](sys::WallTime time) {
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
        const std::int64_t first = settings.monitoring_start_s % settings.monitoring_interval_s;
        return (seconds - first) / settings.monitoring_interval_s;
    };
    // A clock that was ahead when an interval began is no reason to stay in it.
    return interval_of(now) != interval_of(since);
}

RecoveryServer::RecoveryServer(state::Repository& repository, Peers& peers, std::string site)
    : repository_(repository), peers_(peers), site_(std::move(site)) {
    if (const auto text = repository.get(kind, document)) {
        settings_ = service_settings_from_text(*text);
    }
}

ServiceSettings RecoveryServer::settings() {
    const std::lock_guard lock(mutex_);
    return settings_;
}

void RecoveryServer::change(const ServiceSettings& settings) {
    validate(settings);
    repository_.put(kind, document, to_text(settings));
    const std::lock_guard lock(mutex_);
    settings_ = settings;
}

void RecoveryServer::authorize(const std::string& primary, const Authorization& authorization) {
    validate(authorization);
    peers_.change(primary, [&](Peer& peer) {
        if (peer.authorization) {
            fail(Code::exists, "'{}' may replicate here already; modify its entry", primary);
        }
        peer.authorization = authorization;
    });
}

void RecoveryServer::change_authorization(const std::string& primary,
                                          const Authorization& authorization) {
    validate(authorization);
    peers_.change(primary, [&](Peer& peer) {
        if (!peer.authorization) {
            fail(Code::not_found, "'{}' has no entry; add one", primary);
        }
        peer.authorization = authorization;
    });
}

void RecoveryServer::withdraw(const std::string& primary) {
    peers_.change(primary, [&](Peer& peer) {
        if (!peer.authorization) fail(Code::not_found, "'{}' has no entry", primary);
        peer.authorization.reset();
    });
}

void RecoveryServer::require_welcome(const std::string& primary) {
    if (!settings().recovery_server_enabled) {
        fail(Code::not_supported,
             "site '{}' is not enabled as a recovery server; set RecoveryServerEnabled there",
             site_);
    }
    const auto peer = peers_.find(primary);
    if (!peer || !peer->authorization) {
        fail(
            Code::access_denied,
            "site '{}' does not let '{}' replicate to it: the authorization entry was removed; add "
            "it there again",
            site_, primary);
    }
}

std::string RecoveryServer::trust_group(const std::string& primary) {
    const auto peer = peers_.find(primary);
    return peer && peer->authorization ? peer->authorization->trust_group : "";
}

void RecoveryServer::require_same_trust(const Collection& kept, const std::string& primary) {
    if (kept.made_by.empty() || kept.made_by == primary) return;
    const auto maker = peers_.find(kept.made_by);
    const bool listed = maker && maker->authorization;
    const std::string group = listed ? maker->authorization->trust_group : kept.made_in_group;
    if (!group.empty() && trust_group(primary) == group) return;
    fail(Code::access_denied,
         "collection '{}' on site '{}' belongs to '{}', which is of no trust group together with "
         "'{}'; give both the same TrustGroup there, or destroy the collection there",
         kept.name, site_, kept.made_by, primary);
}

}  // namespace reviver::replication
