// Finds out who sent a request. Each scheme of HTTP authentication is one of these; AnyOf asks
// several.
//
// Threads: several requests at once, but one at a time of each connection. May block for the time
// of a password check.
#pragma once

#include "cim/provider.h"
#include "server/connection.h"
#include "server/http_message.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reviver::server {

// What became of one request. Nobody, when the scheme is not the one that was used.
struct Authentication {
    std::optional<cim::Principal> who;
    std::string refused_as;  // not empty: he said to be this one and did not prove it
    std::string why;         // for the log, never for him
    std::string token;  // WWW-Authenticate of the answer: the next step of a handshake, or its last
};

Authentication accepted_login(cim::Principal who);
Authentication refused_login(std::string_view as, std::string_view why);

class Authenticator {
  public:
    virtual ~Authenticator() = default;
    virtual Authentication authenticate(const HttpRequest& header, Connection& connection) = 0;
    // For WWW-Authenticate; empty: nothing to offer on this connection.
    virtual std::string challenge(const Connection& connection) const = 0;
    virtual std::vector<std::string> challenges(const Connection& connection) const;
};

class AnyOf : public Authenticator {
  public:
    explicit AnyOf(std::vector<std::shared_ptr<Authenticator>> schemes)
        : schemes_(std::move(schemes)) {}

    Authentication authenticate(const HttpRequest& header, Connection& connection) override;
    std::string challenge(const Connection& connection) const override;
    std::vector<std::string> challenges(const Connection& connection) const override;

  private:
    std::vector<std::shared_ptr<Authenticator>> schemes_;
};

std::string scheme_of(std::string_view authorization);  // its first word in lower case
std::optional<std::string> decode_base64(std::string_view text, std::size_t chars_max);
std::string encode_base64(std::string_view bytes);

}  // namespace reviver::server
