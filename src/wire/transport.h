// The seam between the protocol and what carries it: a Channel is a byte stream whose other end has
// proved an identity. TLS (tls_transport.h) carries real sites; plain (plain_transport.h) carries
// tests and the simulator.
//
// Errors: Code::unavailable when the other end cannot be reached or went away, timeout, stopped
// after close(), access_denied when the other end is somebody else, protocol when it does not speak
// this transport.
#pragma once

#include "base/bytes.h"
#include "sys/network.h"
#include "wire/bandwidth.h"
#include "wire/identity.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace reviver::wire {

// Bytes on the network, everything counted: TLS records, greetings, heartbeats.
struct Traffic {
    std::uint64_t sent_bytes = 0;
    std::uint64_t received_bytes = 0;
    Traffic& operator+=(const Traffic& other) {
        sent_bytes += other.sent_bytes;
        received_bytes += other.received_bytes;
        return *this;
    }
};

// One task may read while another one writes; close() and traffic() may be called from any task.
class Channel {
  public:
    virtual ~Channel() = default;
    // At least one byte, or 0 when the other end has finished in an orderly way.
    virtual std::size_t read_some(ByteSpan to) = 0;
    // The parts one after the other, in as few packets as they fit.
    virtual void write_all(std::span<const ByteView> parts) = 0;
    // From now on every wait for the other end fails with timeout at `deadline`, and when nothing
    // moves for `silence`, whichever comes first. Waiting for bandwidth is no silence. Before this:
    // never.
    virtual void limit_waits(sys::MonoTime deadline, sys::Duration silence) = 0;
    virtual void close() = 0;
    virtual const Fingerprint& peer() const = 0;
    virtual Traffic traffic() const = 0;
};

class Transport {
  public:
    virtual ~Transport() = default;
    // Error access_denied unless the other end proves `expected`; nothing but the handshake was
    // sent to it then. Every byte is paid to the site's limit and to the channel's `own` (null:
    // none).
    virtual std::unique_ptr<Channel> connect(const sys::Endpoint& to, const Fingerprint& expected,
                                             sys::MonoTime deadline,
                                             std::shared_ptr<BandwidthLimit> own = nullptr) = 0;
    // The serving side of an accepted stream. Whoever it is has proved an identity; whether it is
    // welcome is not decided here.
    virtual std::unique_ptr<Channel> accept(std::shared_ptr<sys::Stream> stream,
                                            sys::MonoTime deadline) = 0;
};

}  // namespace reviver::wire
