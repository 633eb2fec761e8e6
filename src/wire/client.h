// The asking side: a link to one peer, over which calls are made and points are sent.
//
// Errors of the other side arrive as Error with its code and its text, behind the name of the peer;
// its `stopped` (it shuts down) becomes `unavailable`. After an error of the connection itself
// (unavailable, timeout, protocol, corrupt, and whatever a refusal says) the link is of no more
// use: everything on it fails with that same error, and the owner makes a new one.
//
// Thread rules: everything may be called from any task. The peer handles requests one after the
// other, so a call made while a point is being sent waits behind what was sent before it: for calls
// that must not wait use a link of their own.
#pragma once

#include "point/point.h"
#include "sys/world.h"
#include "wire/identity.h"
#include "wire/limits.h"
#include "wire/transport.h"

#include <memory>
#include <string>

namespace reviver::wire {

class Link;

struct LinkOptions {
    Patience patience{};
    std::size_t window_bytes = window_bytes_default;  // the smaller of ours and the peer's holds
    int compression_level = 1;                        // zstd, 1 to 3
    std::shared_ptr<BandwidthLimit> bandwidth{};  // of this link alone or of several; null: none
};

class PeerLink {
  public:
    // Connects, proves who is who, greets. Errors: access_denied when the other end is not
    // `expected` or does not know us, not_supported without a common protocol version, unavailable,
    // timeout, protocol.
    PeerLink(sys::World& world, Transport& transport, const Site& self, const sys::Endpoint& to,
             const Fingerprint& expected, sys::MonoTime deadline, const LinkOptions& options = {});
    ~PeerLink();  // closes

    // A control request and its answer; both opaque, at most body_bytes_max. Error timeout when no
    // answer came by `deadline`: the link stays usable, and whether the peer did it is not known.
    // Error out_of_memory above calls_max at once.
    std::string call(const std::string& method, const std::string& body, sys::MonoTime deadline);
    // A sink at the peer. One is in use at a time: with open() the newest takes the link over, and
    // older ones fail with invalid_state. May outlive the link.
    std::unique_ptr<point::Sink> sink();

    const Peer& peer() const;
    Traffic traffic() const;
    // From any task: everything waiting on the link fails with Code::stopped.
    void close();

  private:
    std::shared_ptr<Link> link_;
};

}  // namespace reviver::wire
