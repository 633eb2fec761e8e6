// HTTP Negotiate (RFC 4559) and the Kerberos scheme of WinRM, with GSSAPI of MIT Kerberos: raw
// Kerberos tokens or SPNEGO with Kerberos in it; NTLM is not taken. A handshake has one step or
// several and belongs to its connection, and what it proved holds for the connection until its
// ticket ends (WinRM authenticates once a connection). A principal is let in as the account of its
// whole name, user@REALM.
//
// Over TLS the handshake is bound to our certificate (RFC 5929 tls-server-end-point): who sends
// another one's binding is refused; who sends none, unless it is required. A request that came
// through a proxy is refused: its connections are not one person's.
#pragma once

#include "server/account_file.h"
#include "server/authenticator.h"

#include <filesystem>
#include <memory>

namespace reviver::server {

struct KerberosOptions {
    std::filesystem::path keytab;  // with HTTP/host@REALM, WSMAN/host@REALM, and what else is asked
    bool require_channel_binding = false;
};

class KerberosAuthenticator : public Authenticator {
  public:
    // Error when the keytab cannot be used.
    KerberosAuthenticator(std::shared_ptr<AccountFile> accounts, const KerberosOptions& options);
    ~KerberosAuthenticator() override;

    Authentication authenticate(const HttpRequest& header, Connection& connection) override;
    std::string challenge(const Connection& connection) const override;
    std::vector<std::string> challenges(const Connection& connection) const override;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::server
