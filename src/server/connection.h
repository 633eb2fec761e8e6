// One connection as authentication sees it: what TLS proved, and what was agreed on it.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace reviver::server {

class SecurityContext;  // server/security_context.h

// A certificate that the client has the key of, and that a CA of ours signed.
struct ClientCertificate {
    std::string fingerprint;  // SHA-256 of the DER, 64 hex digits in lower case
    std::string common_name;  // empty: none, or several
};

struct Connection {
    bool tls = true;
    std::optional<ClientCertificate> certificate = std::nullopt;
    // Digest of our own certificate, as RFC 5929 tls-server-end-point has it; empty without TLS.
    std::string end_point_digest = {};
    // Of the handshake that runs or has ended on this connection; goes with it.
    std::shared_ptr<SecurityContext> context = nullptr;
};

}  // namespace reviver::server
