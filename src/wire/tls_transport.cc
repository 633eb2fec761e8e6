#include "wire/tls_transport.h"

#include "base/check.h"
#include "wire/openssl.h"
#include "wire/tls_channel.h"

#include <openssl/err.h>

namespace reviver::wire {

namespace {

// Any certificate will do for the handshake, which proves that its key is held; which one it is, is
// for the caller to judge.
int accept_certificate(X509_STORE_CTX*, void*) {
    return 1;
}

OwnedContext make_context(const Credentials& self) {
    OwnedContext context(SSL_CTX_new(TLS_method()));
    REVIVER_CHECK(context != nullptr);
    REVIVER_CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1);
    REVIVER_CHECK(SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION) == 1);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), accept_certificate, nullptr);
    const OwnedCertificate certificate = certificate_of(self.certificate);
    const OwnedKey key = key_of(self.key);
    if (SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1) {
        fail_openssl(Code::invalid_parameter, "the site's certificate and key cannot be used");
    }
    return context;
}

}  // namespace

TlsTransport::TlsTransport(sys::World& world, const Credentials& self,
                           std::shared_ptr<BandwidthLimit> limit, std::uint64_t key_bytes)
    : world_(world),
      key_bytes_(key_bytes),
      self_(fingerprint_of(self.certificate)),
      context_(make_context(self).release(), SSL_CTX_free) {
    if (limit) limits_.push_back(std::move(limit));
}

TlsTransport::~TlsTransport() = default;

std::unique_ptr<Channel> TlsTransport::handshake(std::shared_ptr<sys::Stream> stream, bool serving,
                                                 BandwidthLimits limits, sys::MonoTime deadline) {
    auto channel = std::make_unique<TlsChannel>(std::move(stream), world_.clock, std::move(limits),
                                                context_.get(), key_bytes_);
    channel->limit_waits(deadline, sys::Duration::max());
    channel->handshake(serving);
    return channel;
}

std::unique_ptr<Channel> TlsTransport::accept(std::shared_ptr<sys::Stream> stream,
                                              sys::MonoTime deadline) {
    return handshake(std::move(stream), true, limits_, deadline);
}

std::unique_ptr<Channel> TlsTransport::connect(const sys::Endpoint& to, const Fingerprint& expected,
                                               sys::MonoTime deadline,
                                               std::shared_ptr<BandwidthLimit> own) {
    BandwidthLimits limits = limits_;
    if (own) limits.push_back(std::move(own));
    auto channel =
        handshake(world_.network.connect(to, deadline), false, std::move(limits), deadline);
    if (channel->peer() != expected) {
        fail(
            Code::access_denied,
            "{} presents the certificate {}, not the paired {}: if its key was renewed, pair again",
            to.text(), channel->peer().text(), expected.text());
    }
    return channel;
}

Fingerprint TlsTransport::fetch_fingerprint(const sys::Endpoint& to, sys::MonoTime deadline) {
    return handshake(world_.network.connect(to, deadline), false, limits_, deadline)->peer();
}

}  // namespace reviver::wire
