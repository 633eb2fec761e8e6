// What a handshake on a connection ended with: how its messages are sealed.
#pragma once

#include <string>
#include <string_view>

namespace reviver::server {

class SecurityContext {
  public:
    struct Sealed {
        std::string header;  // of the mechanism: token header and confounder, or signature
        std::string data;
    };

    virtual ~SecurityContext() = default;
    virtual bool established() const = 0;
    // The media type of sealed messages: "application/HTTP-SPNEGO-session-encrypted".
    virtual std::string protocol() const = 0;
    virtual Sealed seal(std::string_view plain) = 0;
    // `sealed` is header and data in one. Error(access_denied) when it was not sealed by the other
    // end of this handshake, or was sealed before.
    virtual std::string open(std::string_view sealed) = 0;
};

}  // namespace reviver::server
