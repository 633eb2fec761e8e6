#include "daemon/peer_door.h"

#include "base/bytes.h"
#include "base/error.h"

#include <chrono>

namespace reviver::daemon {
namespace {

constexpr std::chrono::seconds fingerprint_patience{10};
constexpr std::uint64_t pem_bytes_max = 1u << 20;

wire::Credentials read_credentials(sys::Files& files, const site::PeerConfig& peer) {
    auto text = [&](const sys::Path& path) {
        return std::string(text_of(sys::read_file(files, path, pem_bytes_max)));
    };
    return {text(peer.certificate), text(peer.key)};
}

// A site that does not answer is looked for in one of three places.
template <class Work>
auto reaching(Work work) {
    try {
        return work();
    } catch (const Error& error) {
        if (error.code() != Code::unavailable && error.code() != Code::timeout) throw;
        fail(error.code(),
             "{}; does reviverd run there, is the address right, and does a firewall let it "
             "through?",
             error.what());
    }
}

}  // namespace

std::optional<wire::Peer> PairedSites::find(const wire::Fingerprint& fingerprint) {
    auto known = peers_.find_by_fingerprint(to_hex(fingerprint.hash()));
    if (!known) return std::nullopt;
    wire::Peer peer;
    // Without an id from an earlier contact the site may name its own.
    peer.id = SiteId::parse(known->site_id).value_or(SiteId());
    peer.name = known->name;
    peer.fingerprint = fingerprint;
    return peer;
}

PeerNetwork::PeerNetwork(sys::World& world, const site::Config& config, SiteId id,
                         std::shared_ptr<wire::BandwidthLimit> limit)
    : world_(world),
      self_{id, config.name, REVIVER_VERSION},
      transport_(world, read_credentials(world.files, config.peer), std::move(limit)) {}

std::unique_ptr<wire::PeerLink> PeerNetwork::dial(const sys::Endpoint& to,
                                                  const wire::Fingerprint& expected,
                                                  sys::MonoTime deadline,
                                                  std::shared_ptr<wire::BandwidthLimit> own) {
    wire::LinkOptions options;
    options.bandwidth = std::move(own);
    return reaching([&] {
        return std::make_unique<wire::PeerLink>(world_, transport_, self_, to, expected, deadline,
                                                options);
    });
}

std::string PeerNetwork::fetch_fingerprint(const sys::Endpoint& of) {
    sys::MonoTime deadline = world_.clock.after(fingerprint_patience);
    return reaching([&] { return to_hex(transport_.fetch_fingerprint(of, deadline).hash()); });
}

std::string PeerNetwork::own_fingerprint() const {
    return to_hex(transport_.self().hash());
}

std::unique_ptr<wire::PeerServer> PeerNetwork::open(const sys::Endpoint& at,
                                                    wire::PeerDirectory& directory,
                                                    wire::PeerHandler& handler) {
    return std::make_unique<wire::PeerServer>(world_, transport_, self_, at, directory, handler);
}

}  // namespace reviver::daemon
