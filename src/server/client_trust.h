// Which client certificates count: those that one of the CAs of a file signed, that are in their
// time, and that the revocation list does not name. The list is read anew when it was written or
// replaced, for the connections that come after; the CAs are those of the start.
//
// A list that cannot be read when it has changed, or that has run out, says nothing about who is
// still to be trusted: until there is a good one no certificate is taken, and the log says why. Who
// comes in by another proof does not notice.
//
// Threads: one, that of the connections.
#pragma once

#include "server/file_stamp.h"

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>

namespace reviver::server {

class ClientTrust {
  public:
    // Makes the context ask for certificates; it has to live as long. An empty `crl_file`: nothing
    // is revoked. Error(invalid_parameter) for files that cannot be read: at start somebody is
    // there to be told.
    ClientTrust(SSL_CTX* tls, const std::filesystem::path& ca_file, std::filesystem::path crl_file);

    // Before the handshake of a connection.
    void hold_to(SSL* session);

  private:
    using Store = std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)>;

    void refresh();
    Store with_list() const;

    SSL_CTX* tls_;
    const std::filesystem::path crl_file_;
    FileStamp stamp_{};
    Store store_{nullptr, X509_STORE_free};
};

}  // namespace reviver::server
