// Who has a client certificate that an account names. WinRM says so in the header too (DSP0226,
// secprofile/https/mutual); others only in TLS, which counts as long as they offer no other proof.
#pragma once

#include "server/account_file.h"
#include "server/authenticator.h"

namespace reviver::server {

class CertificateAuthenticator : public Authenticator {
  public:
    explicit CertificateAuthenticator(std::shared_ptr<AccountFile> accounts)
        : accounts_(std::move(accounts)) {}

    Authentication authenticate(const HttpRequest& header, Connection& connection) override;
    // Nothing: who has a certificate sends it, and WinRM's form is no scheme of HTTP.
    std::string challenge(const Connection&) const override { return ""; }

  private:
    std::shared_ptr<AccountFile> accounts_;
};

}  // namespace reviver::server
