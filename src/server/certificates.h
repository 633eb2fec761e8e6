// What the server asks OpenSSL about certificates.
#pragma once

#include "server/connection.h"

#include <openssl/ssl.h>

#include <optional>
#include <string>

namespace reviver::server {

// Of a handshake that succeeded; nothing when the client has sent none.
std::optional<ClientCertificate> client_certificate(SSL* session);
// Of a handshake that failed: whose certificate was not taken and why; empty when that was not the
// reason.
std::string refused_certificate(SSL* session);

// RFC 5929 4.1: the digest of the server's certificate, with the hash of its signature and at least
// SHA-256.
std::string end_point_digest(SSL_CTX* tls);

}  // namespace reviver::server
