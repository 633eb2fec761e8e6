// The serving side: takes connections of paired sites, and hands their calls and points to a
// handler.
//
// Nobody gets past the greeting but a peer in the directory, with a proved fingerprint. Everybody
// else is told why and costs at most one of greeting_max places for at most handshake_max.
#pragma once

#include "point/point.h"
#include "sys/world.h"
#include "wire/identity.h"
#include "wire/limits.h"
#include "wire/transport.h"

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace reviver::wire {

class Session;

// Who may come. Called from several tasks at once.
class PeerDirectory {
  public:
    virtual ~PeerDirectory() = default;
    // Id and name of the site with this certificate; an id of none accepts the one that the peer
    // names. Null: unknown.
    virtual std::optional<Peer> find(const Fingerprint& fingerprint) = 0;
};

// What peers ask for. Called from one task for each connection, from several at once for several;
// an Error goes back to the asking side with its code and text. Blocking is fine: the heartbeat
// goes on.
class PeerHandler {
  public:
    virtual ~PeerHandler() = default;
    virtual std::string call(const Peer& peer, const std::string& method,
                             const std::string& body) = 0;
    // A sink on which open(header) will be the first call. It is destroyed when the connection ends
    // or opens another.
    virtual std::unique_ptr<point::Sink> receive(const Peer& peer,
                                                 const point::ReceiveHeader& header) = 0;
};

struct ServerOptions {
    Patience patience{};
    std::size_t window_bytes = window_bytes_default;
    std::size_t connections = connections_max;
    std::size_t connections_per_peer = connections_per_peer_max;
    std::size_t greeting = greeting_max;
};

// Takes connections from its construction on. Everything given to it outlives it.
class PeerServer {
  public:
    // Error in_use and others when it cannot listen there. Port 0: any free one.
    PeerServer(sys::World& world, Transport& transport, const Site& self, const sys::Endpoint& at,
               PeerDirectory& directory, PeerHandler& handler, const ServerOptions& options = {});
    ~PeerServer();  // closes

    std::uint16_t port() const { return port_; }
    // Of all connections since the start, ended ones included.
    Traffic traffic() const;
    // Ends every connection and waits until no handler runs any more. Idempotent.
    void close();

  private:
    friend class Session;

    void accept_loop();
    void admit(std::unique_ptr<sys::Stream> stream);
    void reap();
    // Counts the session as one of `peer`. Error in_use when the peer has its share of connections,
    // or all are taken.
    void enter(Session& session, const Fingerprint& peer);

    sys::World& world_;
    Transport& transport_;
    const Site self_;
    PeerDirectory& directory_;
    PeerHandler& handler_;
    const ServerOptions options_;
    std::unique_ptr<sys::Listener> listener_;
    const std::uint16_t port_;
    mutable std::mutex mutex_;
    bool closing_ = false;
    Traffic ended_traffic_;
    std::list<std::shared_ptr<Session>> sessions_;
    std::unique_ptr<sys::Task> accepting_;
};

}  // namespace reviver::wire
