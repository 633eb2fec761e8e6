#include "site/config_template.h"

#include <fmt/format.h>

#include <string_view>

namespace reviver::site {
namespace {

constexpr std::string_view file_text =
    R"(# The configuration of a Reviver site; reviver.toml(5) explains every key.
# Paths are relative to the directory of this file. Keys that are commented out show their default.
# After a change restart reviverd: virtual machines run on meanwhile. [replication] and [retention]
# are taken over without a restart when it gets SIGHUP.

[site]
# Names this site to its peer and to administrators. Both sites of a pair need different names.
name = {name}
# State and replicas. Needs the space of everything that is replicated to this site.
# data_dir = "data"

[hypervisor]
# Where the virtual machines are. The default is a libvirt driver of this site's own, inside
# reviverd; on a host that runs libvirt write "qemu:///system".
{uri}

[peer]
# Where the other site connects to, and how it names that from its side.
listen = {peer_listen}
advertise = {peer_advertise}
# certificate = "keys/peer.crt"
# key = "keys/peer.key"

[management]
# WS-Management over TLS, for reviver(1) and other CIM clients.
listen = {management_listen}
# certificate = "keys/management.crt"
# key = "keys/management.key"
# accounts = "accounts"
# Whether wsmid:Identify is answered to anybody: it says that this is Reviver, and nothing else.
# anonymous_identify = false
# PEM file with the CAs whose client certificates count, and one with what they have revoked.
# Empty: none are asked for. `reviver user certificate` says whose they are.
# client_ca = ""
# client_crl = ""
# Keys of HTTP/host@REALM and WSMAN/host@REALM; empty: no Kerberos.
# keytab = ""
# Whether Kerberos over TLS has to name our certificate. Not all clients can.
# require_channel_binding = false
# HOST:PORT of plain HTTP; empty: none. Only messages that Kerberos encrypts are served there,
# unless the second is true: then everybody on the way can read and change all.
# http = ""
# allow_unencrypted = false

[store]
# The part of the disk of data_dir that stays free: replication pauses before it is used.
# reserve_percent = 3
# What merging old layers may copy, for all replicas together; 0 is no limit. A failover never waits
# for it.
# upkeep_mib_per_s_max = 0

[replication]
# Of all links to other sites together, both directions, every byte counted; 0 is no limit.
# bandwidth_kib_per_s_max = 0
# Another rate at some hours, in local time; a section like this for each:
#> [[replication.calendar]]
#> days = ["mon", "tue", "wed", "thu", "fri"]
#> from = "08:00"
#> to = "18:00"
#> bandwidth_kib_per_s_max = 2048
# And of single collections, by name or id; each may have a calendar of its own:
#> [[replication.collection]]
#> name = "shop"
#> bandwidth_kib_per_s_max = 1024

[retention]
# Points that this site keeps of what is replicated to it, besides the newest and one an hour of
# RecoveryHistory: all of the last minutes, one a day, one a week.
# all_minutes = 10
# daily = 0
# weekly = 0

[log]
# error, warning, info or debug.
# level = "info"
)";

// A basic string of TOML.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

}  // namespace

std::string config_text(const ConfigChoices& choices) {
    std::string uri = choices.libvirt_uri.empty() ? "# uri = \"qemu:///embed?root=DIR/libvirt\""
                                                  : "uri = " + quoted(choices.libvirt_uri);
    return fmt::format(file_text, fmt::arg("name", quoted(choices.name)), fmt::arg("uri", uri),
                       fmt::arg("peer_listen", quoted(choices.peer_listen.text())),
                       fmt::arg("peer_advertise", quoted(choices.peer_advertise.text())),
                       fmt::arg("management_listen", quoted(choices.management_listen.text())));
}

}  // namespace reviver::site
