#include "replication/peers.h"

#include "base/error.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr const char* kind = "peer";

std::string normal_fingerprint(const std::string& text) {
    std::string digits;
    for (const char c : text) {
        if (c == ':' || c == ' ') continue;
        digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (digits.size() != 64 || !hex) {
        fail(Code::invalid_parameter,
             "'{}' is no fingerprint: 64 hex digits are, as `reviver fingerprint` shows them",
             text);
    }
    return digits;
}

}  // namespace

Peers::Peers(state::Repository& repository) : repository_(repository) {
    for (const auto& [name, text] : repository_.list(kind)) peers_[name] = peer_from_text(text);
}

void Peers::put(Peer peer) {
    require_name("a peer", peer.name);
    if (peer.endpoint.host.empty() || peer.endpoint.port == 0) {
        fail(Code::invalid_parameter, "peer '{}' needs a host and a port", peer.name);
    }
    peer.fingerprint = normal_fingerprint(peer.fingerprint);
    const auto known = find_by_fingerprint(peer.fingerprint);
    if (known && known->name != peer.name) {
        fail(Code::exists, "the site with this fingerprint is paired already, as '{}'",
             known->name);
    }
    {
        const std::lock_guard lock(mutex_);
        if (!peers_.contains(peer.name) && peers_.size() >= reviver::limits::peers_max) {
            fail(Code::out_of_memory, "{} sites are paired; that is the limit", peers_.size());
        }
    }
    if (const auto before = find(peer.name)) peer.authorization = before->authorization;
    keep(peer);
}

void Peers::keep(const Peer& peer) {
    repository_.put(kind, peer.name, to_text(peer));
    const std::lock_guard lock(mutex_);
    peers_[peer.name] = peer;
}

void Peers::change(const std::string& name, const std::function<void(Peer&)>& change) {
    auto peer = find(name);
    if (!peer) fail(Code::not_found, "no site '{}' is paired; `reviver peers` shows who is", name);
    change(*peer);
    keep(*peer);
}

void Peers::remove(const std::string& name) {
    if (!find(name))
        fail(Code::not_found, "no site '{}' is paired; `reviver peers` shows who is", name);
    const state::Change erased{kind, name, std::nullopt};
    repository_.commit({&erased, 1});
    const std::lock_guard lock(mutex_);
    peers_.erase(name);
}

std::vector<Peer> Peers::list() {
    std::vector<Peer> result;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, peer] : peers_) result.push_back(peer);
    return result;
}

std::optional<Peer> Peers::find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = peers_.find(name);
    if (found == peers_.end()) return std::nullopt;
    return found->second;
}

std::optional<Peer> Peers::find_by_fingerprint(const std::string& fingerprint) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(peers_.begin(), peers_.end(), [&](const auto& item) {
        return item.second.fingerprint == fingerprint;
    });
    if (found == peers_.end()) return std::nullopt;
    return found->second;
}

}  // namespace reviver::replication
