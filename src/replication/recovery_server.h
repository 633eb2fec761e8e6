// This site as a recovery server: whether it takes anything in, and which of the paired sites may
// replicate here. Pairing gives a site its authorization; taking that away stops new data of the
// site and changes nothing that is here.
//
// The settings are one document of the repository, an authorization is a part of its peer's.
// Any task may call.
#pragma once

#include "replication/peers.h"
#include "state/repository.h"

#include <cstdint>
#include <mutex>
#include <string>

namespace reviver::replication {

struct ServiceSettings {
    bool recovery_server_enabled = true;
    // The figures of a collection begin anew every so often, counted from this second of the UTC
    // day.
    std::uint32_t monitoring_interval_s = 43'200;
    std::uint32_t monitoring_start_s = 32'400;

    bool operator==(const ServiceSettings&) const = default;
};

std::string to_text(const ServiceSettings& settings);
ServiceSettings service_settings_from_text(std::string_view text);

// Does an interval of monitoring end between the two?
bool monitoring_begins_anew(const ServiceSettings& settings, sys::WallTime since,
                            sys::WallTime now);

class RecoveryServer {
  public:
    // `site` is the name that refusals give this site.
    RecoveryServer(state::Repository& repository, Peers& peers, std::string site);

    ServiceSettings settings();
    void change(const ServiceSettings& settings);  // Code::invalid_parameter

    // Of a paired site, by its name: Code::not_found for others.
    void authorize(const std::string& primary, const Authorization& authorization);  // Code::exists
    void change_authorization(const std::string& primary, const Authorization& authorization);
    void withdraw(const std::string& primary);

    // Code::not_supported when this is no recovery server, Code::access_denied when the site may
    // not replicate here.
    void require_welcome(const std::string& primary);

    // The trust group of a site's authorization entry; "" for none.
    std::string trust_group(const std::string& primary);
    // What is here of a collection belongs to who made it. Code::access_denied for another site,
    // unless both are of one trust group: by the entries as they are now, or as the maker's was
    // when it has none any more.
    void require_same_trust(const Collection& kept, const std::string& primary);

  private:
    state::Repository& repository_;
    Peers& peers_;
    const std::string site_;
    std::mutex mutex_;
    ServiceSettings settings_;
};

}  // namespace reviver::replication
