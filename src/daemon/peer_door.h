// The door to other sites: the listener that paired sites connect to, and the way to them.
#pragma once

#include "replication/peers.h"
#include "site/config.h"
#include "sys/world.h"
#include "wire/bandwidth.h"
#include "wire/client.h"
#include "wire/server.h"
#include "wire/tls_transport.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::daemon {

// Who may come in: the sites that were paired, as the replication engine remembers them.
class PairedSites : public wire::PeerDirectory {
  public:
    explicit PairedSites(replication::Peers& peers) : peers_(peers) {}
    std::optional<wire::Peer> find(const wire::Fingerprint& fingerprint) override;

  private:
    replication::Peers& peers_;
};

// The site's side of every connection to another one. Any thread may call.
class PeerNetwork {
  public:
    // Every byte of every link is paid to `limit`.
    PeerNetwork(sys::World& world, const site::Config& config, SiteId id,
                std::shared_ptr<wire::BandwidthLimit> limit);

    std::unique_ptr<wire::PeerLink> dial(const sys::Endpoint& to, const wire::Fingerprint& expected,
                                         sys::MonoTime deadline,
                                         std::shared_ptr<wire::BandwidthLimit> own);
    std::string fetch_fingerprint(const sys::Endpoint& of);  // 64 hex digits
    std::string own_fingerprint() const;                     // likewise
    // Lets `directory`'s sites in to `handler`; both outlive the server.
    std::unique_ptr<wire::PeerServer> open(const sys::Endpoint& at, wire::PeerDirectory& directory,
                                           wire::PeerHandler& handler);

  private:
    sys::World& world_;
    wire::Site self_;
    wire::TlsTransport transport_;
};

}  // namespace reviver::daemon
