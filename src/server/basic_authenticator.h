// HTTP Basic (RFC 7617) against the accounts file.
//
// A password check is slow on purpose, so a good one is remembered for a minute, under a keyed hash
// of name, password and account: a changed account is forgotten at once. A client that keeps
// failing is turned away without a check, for a time that doubles with each failure; a correct
// password ends it only after that time. An unknown name costs as much as a known one.
#pragma once

#include "server/account_file.h"
#include "server/authenticator.h"

#include <filesystem>
#include <memory>

namespace reviver::server {

class BasicAuthenticator : public Authenticator {
  public:
    // Without TLS it is offered and taken only when `without_tls`: everybody on the way can read
    // it.
    explicit BasicAuthenticator(std::shared_ptr<AccountFile> accounts, bool without_tls = false);
    // Error when the file cannot be read.
    explicit BasicAuthenticator(std::filesystem::path accounts);
    ~BasicAuthenticator() override;

    Authentication authenticate(const HttpRequest& header, Connection& connection) override;
    std::string challenge(const Connection& connection) const override;

  private:
    class State;
    std::unique_ptr<State> state_;
    const bool without_tls_;
};

}  // namespace reviver::server
