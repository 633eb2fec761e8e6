#include "site/config.h"

#include "base/error.h"
#include "site/endpoint.h"
#include "site/layout.h"
#include "site/limits.h"
#include "site/policy_config.h"
#include "site/toml_reader.h"

#include <fmt/ranges.h>

#include <fstream>
#include <iterator>
#include <system_error>

namespace reviver::site {
namespace {

namespace fs = std::filesystem;

fs::path path_in(TomlSection& section, const std::string& key, const Layout& layout,
                 const fs::path& default_path) {
    fs::path path = section.text(key, default_path.string());
    if (path.empty()) section.refuse(key, "must name a file");
    return (layout.directory / path).lexically_normal();
}

fs::path optional_path_in(TomlSection& section, const std::string& key, const Layout& layout) {
    const fs::path path = section.text(key, "");
    return path.empty() ? path : (layout.directory / path).lexically_normal();
}

std::optional<sys::Endpoint> optional_endpoint(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return parse_endpoint(text);
}

std::string checked_name(const std::string& name) {
    check_site_name(name);
    return name;
}

PeerConfig read_peer(TomlSection section, const Layout& layout) {
    PeerConfig peer;
    peer.listen = section.parsed("listen", "0.0.0.0:7443", parse_endpoint);
    std::string default_advertise = peer.listen.text();
    peer.advertise = section.parsed("advertise", default_advertise, parse_endpoint);
    if (is_wildcard(peer.advertise)) {
        section.refuse("advertise",
                       "must be the HOST:PORT under which the other site reaches this one; it is "
                       "needed because listen is every address");
    }
    peer.certificate = path_in(section, "certificate", layout, layout.peer_certificate());
    peer.key = path_in(section, "key", layout, layout.peer_key());
    section.finish();
    return peer;
}

void read_client_certificates(TomlSection& section, const Layout& layout,
                              ManagementConfig& management) {
    management.client_ca = optional_path_in(section, "client_ca", layout);
    management.client_crl = optional_path_in(section, "client_crl", layout);
    if (!management.client_crl.empty() && management.client_ca.empty()) {
        section.refuse("client_crl", "revokes certificates, and none are taken without client_ca");
    }
}

void read_kerberos(TomlSection& section, const Layout& layout, ManagementConfig& management) {
    management.keytab = optional_path_in(section, "keytab", layout);
    management.require_channel_binding = section.flag("require_channel_binding", false);
    management.http = section.parsed("http", "", optional_endpoint);
    management.allow_unencrypted = section.flag("allow_unencrypted", false);
    if (management.http && management.keytab.empty() && !management.allow_unencrypted) {
        section.refuse("http",
                       "serves messages that Kerberos encrypts, and keytab is not set; everybody "
                       "on the way can read and change what allow_unencrypted lets through");
    }
}

ManagementConfig read_management(TomlSection section, const Layout& layout) {
    ManagementConfig management;
    management.listen = section.parsed("listen", "127.0.0.1:5986", parse_endpoint);
    management.certificate =
        path_in(section, "certificate", layout, layout.management_certificate());
    management.key = path_in(section, "key", layout, layout.management_key());
    management.accounts = path_in(section, "accounts", layout, layout.accounts());
    management.anonymous_identify = section.flag("anonymous_identify", false);
    read_client_certificates(section, layout, management);
    read_kerberos(section, layout, management);
    section.finish();
    return management;
}

std::string read_libvirt_uri(TomlSection section, const Layout& layout) {
    std::string uri =
        section.text("uri", "qemu:///embed?root=" + layout.libvirt().lexically_normal().string());
    if (!uri.starts_with("qemu:") && !uri.starts_with("qemu+")) {
        section.refuse("uri",
                       "must be a libvirt URI of QEMU: qemu:///embed?root=/DIRECTORY, "
                       "qemu:///system or qemu:///session");
    }
    if (const auto root = uri.find("root=");
        uri.starts_with("qemu:///embed") && root < uri.size()) {
        check_room_for_sockets(uri.substr(root + 5), limits::libvirt_root_bytes_max);
    }
    section.finish();
    return uri;
}

void read_store(TomlSection section, Config& config) {
    auto percent = section.number("reserve_percent", 3, 0, limits::store_reserve_percent_max);
    config.store_reserve_share = static_cast<double>(percent) / 100;
    auto mib = section.number("upkeep_mib_per_s_max", 0, 0, limits::upkeep_mib_per_s_max);
    config.upkeep_bytes_per_second_max = static_cast<std::uint64_t>(mib) << 20;
    section.finish();
}

level_enum read_log_level(TomlSection section) {
    level_enum level = section.parsed("level", "info", parse_log_level);
    section.finish();
    return level;
}

void read_site(TomlSection section, const Layout& layout, Config& config) {
    config.name = section.parsed("name", "", checked_name);
    config.data_dir = path_in(section, "data_dir", layout, layout.data());
    check_room_for_sockets(config.data_dir, limits::data_directory_bytes_max);
    section.finish();
}

toml::table parse_toml(std::string_view text, const fs::path& file) {
    try {
        return toml::parse(text, file.string());
    } catch (const toml::parse_error& error) {
        fail(Code::invalid_parameter, "{}:{}: {}", file.string(), error.source().begin.line,
             error.description());
    }
}

}  // namespace

void check_site_name(std::string_view name) {
    auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    bool good = !name.empty() && name.size() <= limits::site_name_chars_max && is_plain(name[0]);
    for (char c : name) good = good && (is_plain(c) || c == '.' || c == '-' || c == '_');
    if (good) return;
    fail(
        Code::invalid_parameter,
        "\"{}\" cannot name a site; a name is 1 to {} letters, digits, \".\", \"-\" and \"_\", and "
        "begins with a letter or digit",
        name, limits::site_name_chars_max);
}

void check_room_for_sockets(const fs::path& directory, std::size_t bytes_max) {
    std::size_t bytes = directory.native().size();
    if (bytes <= bytes_max) return;
    fail(
        Code::invalid_parameter,
        "{} is a path of {} bytes and may have {}: UNIX sockets are made below it, whose paths the "
        "system limits to 107. Use a directory with a shorter path",
        directory.string(), bytes, bytes_max);
}

level_enum parse_log_level(std::string_view text) {
    if (text == "error") return level_enum::err;
    if (text == "warning") return level_enum::warn;
    if (text == "info") return level_enum::info;
    if (text == "debug") return level_enum::debug;
    fail(Code::invalid_parameter, "\"{}\" is not a log level; write error, warning, info or debug",
         text);
}

Config parse_config(std::string_view text, const fs::path& file) {
    toml::table table = parse_toml(text, file);
    Layout layout{fs::absolute(file).parent_path()};
    TomlSection root(file, "", &table);
    Config config;
    read_site(root.section("site"), layout, config);
    config.libvirt_uri = read_libvirt_uri(root.section("hypervisor"), layout);
    config.peer = read_peer(root.section("peer"), layout);
    config.management = read_management(root.section("management"), layout);
    read_store(root.section("store"), config);
    config.policy.bandwidth = read_bandwidth(root.section("replication"));
    config.policy.retention = read_retention(root.section("retention"));
    config.log_level = read_log_level(root.section("log"));
    root.finish();
    return config;
}

Config load_config(const fs::path& file) {
    std::error_code error;
    auto size_bytes = fs::file_size(file, error);
    if (error) fail_errno(error.value(), "cannot read the configuration " + file.string());
    if (size_bytes > limits::config_bytes_max) {
        fail(Code::invalid_parameter, "{}: is {} bytes long; a configuration has at most {}",
             file.string(), size_bytes, limits::config_bytes_max);
    }
    std::ifstream stream(file);
    std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!stream.good() && !stream.eof()) fail(Code::failed, "cannot read {}", file.string());
    return parse_config(text, file);
}

}  // namespace reviver::site
