#include "server/request_handling.h"

#include "base/error.h"
#include "base/log.h"
#include "server/limits.h"

namespace reviver::server {

std::optional<HttpReply> RequestHandling::refuse_before_body(const HttpRequest& header) const {
    if (router_.public_door_to(header)) return std::nullopt;
    const Door* door = router_.door_to(header.path);
    if (!door) return plain_reply(404, "There is nothing here.");
    switch (const unsigned status = door->refuse_before_body(header)) {
        case 0:
            return std::nullopt;
        case 405: {
            HttpReply reply = plain_reply(405, "Only POST is served here.");
            reply.fields["Allow"] = "POST";
            return reply;
        }
        case 415:
            return plain_reply(415, "This kind of content is not served here.");
        default:
            return plain_reply(status, "This request is not served here.");
    }
}

std::size_t RequestHandling::body_bytes_max(const HttpRequest& header) const {
    return router_.public_door_to(header) ? limits::public_body_bytes_max : limits::body_bytes_max;
}

HttpReply RequestHandling::answer(const HttpRequest& request) const {
    try {
        return answer_or_throw(request);
    } catch (const std::exception& error) {
        log_error("a request to {} failed: {}", request.path, error.what());
        return plain_reply(500, "The server failed to answer; its log says why.");
    }
}

HttpReply RequestHandling::answer_or_throw(const HttpRequest& request) const {
    if (PublicDoor* door = router_.public_door_to(request)) return door->handle(request);
    const std::optional<cim::Principal> who = authenticator_->authenticate(request);
    if (!who) {
        HttpReply reply = plain_reply(401, "Who are you?");
        reply.fields["WWW-Authenticate"] = authenticator_->challenge();
        return reply;
    }
    return router_.door_to(request.path)->handle(request, *who);
}

}  // namespace reviver::server
