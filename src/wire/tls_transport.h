// The transport between real sites: TLS 1.3 (RFC 8446) over TCP, each end with a certificate, each
// pinned by its SHA-256 fingerprint.
//
// There is no authority, and neither names nor dates in a certificate mean anything here: that the
// other end holds the key of exactly the certificate that a person compared is the whole of the
// trust. Sessions are never resumed, since a resumed one would prove less. Nothing older than
// TLS 1.3 is spoken.
//
// Thread rules: everything may be called from any task.
#pragma once

#include "sys/world.h"
#include "wire/bandwidth.h"
#include "wire/certificate.h"
#include "wire/limits.h"
#include "wire/transport.h"

#include <cstdint>
#include <memory>

struct ssl_ctx_st;

namespace reviver::wire {

class TlsTransport : public Transport {
  public:
    // `limit` may be null. After `key_bytes` sent, a connection takes a new key. Error
    // invalid_parameter when certificate and key are not PEM or do not belong together.
    TlsTransport(sys::World& world, const Credentials& self,
                 std::shared_ptr<BandwidthLimit> limit = nullptr,
                 std::uint64_t key_bytes = key_bytes_max);
    ~TlsTransport() override;

    std::unique_ptr<Channel> connect(const sys::Endpoint& to, const Fingerprint& expected,
                                     sys::MonoTime deadline,
                                     std::shared_ptr<BandwidthLimit> own = nullptr) override;
    std::unique_ptr<Channel> accept(std::shared_ptr<sys::Stream> stream,
                                    sys::MonoTime deadline) override;

    // What the other end presents, for a person to compare. Trusts nothing and sends nothing but
    // the handshake.
    Fingerprint fetch_fingerprint(const sys::Endpoint& to, sys::MonoTime deadline);
    const Fingerprint& self() const { return self_; }

  private:
    std::unique_ptr<Channel> handshake(std::shared_ptr<sys::Stream> stream, bool serving,
                                       BandwidthLimits limits, sys::MonoTime deadline);

    sys::World& world_;
    BandwidthLimits limits_;
    const std::uint64_t key_bytes_;
    Fingerprint self_;
    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
};

}  // namespace reviver::wire
