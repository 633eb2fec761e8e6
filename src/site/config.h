// The configuration of a site: reviver.toml, read and checked as a whole before anything starts.
// reviver.toml(5) is its manual.
//
// Paths in the file are relative to its directory, so that a site can be moved; in a Config they
// are absolute. A key that nobody knows is an error, because a misspelt one would otherwise leave
// its default in force silently.
#pragma once

#include "base/log.h"
#include "model/site_policy.h"
#include "sys/network.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::site {

struct PeerConfig {
    sys::Endpoint listen;     // where the other site connects to
    sys::Endpoint advertise;  // how the other site names that: reachable from there
    std::filesystem::path certificate;
    std::filesystem::path key;
};

struct ManagementConfig {
    sys::Endpoint listen;
    std::filesystem::path certificate;
    std::filesystem::path key;
    std::filesystem::path accounts;
    bool anonymous_identify = false;
    std::filesystem::path client_ca;   // empty: no client certificates
    std::filesystem::path client_crl;  // empty: nothing is revoked
    std::filesystem::path keytab;      // empty: no Kerberos
    bool require_channel_binding = false;
    std::optional<sys::Endpoint> http;  // where plain HTTP is listened for as well
    bool allow_unencrypted = false;
};

struct Config {
    std::string name;  // of the site; both sites of a pair need different ones
    std::filesystem::path data_dir;
    std::string libvirt_uri;
    PeerConfig peer;
    ManagementConfig management;
    double store_reserve_share = 0;                 // of the disk of the store, kept free
    std::uint64_t upkeep_bytes_per_second_max = 0;  // of the store; 0: no limit
    SitePolicy policy;                              // may be taken anew while the site runs
    level_enum log_level = level_enum::info;
};

// Error(not_found) for no file, Error(invalid_parameter) for what it says, as "FILE:LINE: key: what
// is allowed".
Config load_config(const std::filesystem::path& file);
// `file` names the text in errors, and its directory is what paths are relative to.
Config parse_config(std::string_view text, const std::filesystem::path& file);

// Error(invalid_parameter) when sockets below the directory would have paths that are too long.
void check_room_for_sockets(const std::filesystem::path& directory, std::size_t bytes_max);

// Site names are 1 to 64 letters, digits, ".", "-" and "_", and begin with a letter or digit: they
// appear in file names, certificates and CIM keys. Error(invalid_parameter) otherwise.
void check_site_name(std::string_view name);

// "error", "warning", "info", "debug". Error(invalid_parameter).
level_enum parse_log_level(std::string_view text);

}  // namespace reviver::site
