// HTTP Basic (RFC 7617) against the password file, which is read again whenever it changed.
//
// A password check is slow on purpose, so a good one is remembered for a minute, under a keyed hash
// of name, password and account: a changed account is forgotten at once. A client that keeps
// failing is turned away without a check, for a time that doubles with each failure; a correct
// password ends it only after that time. An unknown name costs as much as a known one.
#pragma once

#include "server/authenticator.h"

#include <filesystem>
#include <memory>

namespace reviver::server {

class BasicAuthenticator : public Authenticator {
  public:
    // Error when the file cannot be read now. Later, an unreadable file admits nobody and is
    // logged.
    explicit BasicAuthenticator(std::filesystem::path password_file);
    ~BasicAuthenticator() override;

    std::optional<cim::Principal> authenticate(const HttpRequest& header) override;
    std::string challenge() const override;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::server
