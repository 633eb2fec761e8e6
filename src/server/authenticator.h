// Finds out who sent a request. Each scheme of HTTP authentication is one of these.
#pragma once

#include "cim/provider.h"
#include "server/http_message.h"

#include <optional>
#include <string>

namespace reviver::server {

class Authenticator {
  public:
    virtual ~Authenticator() = default;
    // nullopt: nobody. Never says why, to the caller neither. Threads: several at once; may block
    // for the time of a password check.
    virtual std::optional<cim::Principal> authenticate(const HttpRequest& header) = 0;
    virtual std::string challenge() const = 0;  // for WWW-Authenticate
};

}  // namespace reviver::server
