// What a request gets for an answer, once it was read: which door, who asks, and the refusals of
// HTTP itself. No sockets.
#pragma once

#include "server/authenticator.h"
#include "server/door.h"

#include <memory>
#include <optional>

namespace reviver::server {

class RequestHandling {
  public:
    RequestHandling(Router router, std::shared_ptr<Authenticator> authenticator)
        : router_(std::move(router)), authenticator_(std::move(authenticator)) {}

    // From the header alone: an answer that makes the body unnecessary.
    std::optional<HttpReply> refuse_before_body(const HttpRequest& header) const;
    std::size_t body_bytes_max(const HttpRequest& header) const;
    // Blocks; throws nothing.
    HttpReply answer(const HttpRequest& request) const;

  private:
    HttpReply answer_or_throw(const HttpRequest& request) const;

    Router router_;
    std::shared_ptr<Authenticator> authenticator_;
};

}  // namespace reviver::server
