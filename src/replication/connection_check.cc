#include "replication/connection_check.h"

#include "base/error.h"
#include "replication/limits.h"
#include "replication/link.h"

#include <algorithm>

namespace reviver::replication {

namespace {

// A name first; then whoever is known to be at that host.
std::optional<Peer> peer_at(Peers& peers, const std::string& point, std::uint16_t port) {
    if (auto named = peers.find(point)) return named;
    for (Peer& peer : peers.list()) {
        const bool same_port = port == 0 || port == peer.endpoint.port;
        if (peer.endpoint.host == point && same_port) return std::move(peer);
    }
    return std::nullopt;
}

[[noreturn]] void fail_unpaired(Context& context, const sys::Endpoint& at) {
    if (at.port == 0) {
        fail(Code::invalid_parameter,
             "no site '{}' is paired with this one; `reviver peers` shows who is", at.host);
    }
    const std::string fingerprint = context.fetch_fingerprint(at);
    fail(Code::access_denied,
         "{}:{} answers with the fingerprint {}, and no such site is paired with this one; run "
         "`reviver pair`",
         at.host, at.port, fingerprint);
}

}  // namespace

void check_connection(Context& context, const std::string& point, std::uint16_t port) {
    if (point.empty()) fail(Code::invalid_parameter, "RecoveryConnectionPoint is empty");
    const auto peer = peer_at(context.peers, point, port);
    if (!peer) fail_unpaired(context, {point, port});
    sys::Endpoint at = peer->endpoint;
    if (port != 0) at.port = port;
    const auto link = connect(context, *peer, at);
    ask(context, *link, "may_replicate", "{}", limits::connect_patience);
}

}  // namespace reviver::replication
