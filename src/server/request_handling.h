// What a request gets for an answer, once it was read: which door, who asks, and the refusals of
// HTTP itself. No sockets.
#pragma once

#include "cim/audit_trail.h"
#include "server/authenticator.h"
#include "server/door.h"
#include "server/security_context.h"

#include <memory>
#include <optional>

namespace reviver::server {

class RequestHandling {
  public:
    struct Rules {
        // Who was turned away is told here; null: nobody is.
        std::shared_ptr<cim::AuditTrail> trail;
        // Without TLS only sealed messages are served, unless this is true.
        bool allow_unencrypted = false;
    };

    RequestHandling(Router router, std::shared_ptr<Authenticator> authenticator, Rules rules)
        : router_(std::move(router)),
          authenticator_(std::move(authenticator)),
          rules_(std::move(rules)) {}

    // From the header alone: an answer that makes the body unnecessary.
    std::optional<HttpReply> refuse_before_body(const HttpRequest& header) const;
    std::size_t body_bytes_max(const HttpRequest& header) const;
    // Blocks; throws nothing.
    HttpReply answer(const HttpRequest& request, Connection& connection) const;

  private:
    HttpReply answer_or_throw(const HttpRequest& request, Connection& connection) const;
    HttpReply answer_who(const HttpRequest& request, const cim::Principal& who,
                         Connection& connection) const;
    HttpReply answer_sealed(const HttpRequest& request, const cim::Principal& who,
                            SecurityContext& context) const;
    HttpReply turn_away(const HttpRequest& request, const Authentication& login,
                        const Connection& connection) const;

    Router router_;
    std::shared_ptr<Authenticator> authenticator_;
    Rules rules_;
};

}  // namespace reviver::server
