#include "server/request_handling.h"

#include "base/error.h"
#include "base/log.h"
#include "server/encrypted_body.h"
#include "server/limits.h"

namespace reviver::server {

namespace {

// A step of a handshake that carries no message: some clients prove who they are first. Such a
// request reaches no door.
bool is_handshake(const HttpRequest& header) {
    const std::string scheme = scheme_of(header.field("Authorization"));
    return (scheme == "negotiate" || scheme == "kerberos") && header.method == "POST" &&
           header.body.empty() && header.field("Content-Length") == "0";
}

void check_length(const EncryptedBody& frame, std::string_view body) {
    if (frame.length < body.size() ||
        frame.length - body.size() > limits::encrypted_padding_bytes_max) {
        fail(Code::protocol, "a message of {} bytes said that it has {}", body.size(),
             frame.length);
    }
}

}  // namespace

std::optional<HttpReply> RequestHandling::refuse_before_body(const HttpRequest& header) const {
    if (router_.public_door_to(header)) return std::nullopt;
    const Door* door = router_.door_to(header.path);
    if (!door) return plain_reply(404, "There is nothing here.");
    // What is in an encrypted message is seen when it was decrypted.
    if (is_handshake(header) || is_encrypted(header.field("Content-Type"))) return std::nullopt;
    const unsigned status = door->refuse_before_body(header);
    if (status == 0) return std::nullopt;
    return door->refusal(status, header);
}

std::size_t RequestHandling::body_bytes_max(const HttpRequest& header) const {
    return router_.public_door_to(header) ? limits::public_body_bytes_max : limits::body_bytes_max;
}

HttpReply RequestHandling::answer(const HttpRequest& request, Connection& connection) const {
    try {
        return answer_or_throw(request, connection);
    } catch (const std::exception& error) {
        log_error("a request to {} failed: {}", request.path, error.what());
        return plain_reply(500, "The server failed to answer; its log says why.");
    }
}

HttpReply RequestHandling::answer_or_throw(const HttpRequest& request,
                                           Connection& connection) const {
    if (PublicDoor* door = router_.public_door_to(request)) return door->handle(request);
    const Authentication login = authenticator_->authenticate(request, connection);
    if (!login.who) {
        // Who fails to be somebody else is nobody: what the connection had proved counts no more.
        if (!login.refused_as.empty()) connection.context.reset();
        return turn_away(request, login, connection);
    }
    HttpReply reply =
        is_handshake(request)
            ? plain_reply(200, "")
            : answer_who(request, login.who->from({request.peer_address, request.path}),
                         connection);
    if (!login.token.empty()) reply.challenges = {login.token};
    return reply;
}

HttpReply RequestHandling::answer_who(const HttpRequest& request, const cim::Principal& who,
                                      Connection& connection) const {
    if (is_encrypted(request.field("Content-Type"))) {
        if (!connection.context || !connection.context->established()) {
            return plain_reply(400, "Nothing was agreed that a message could be sealed with.");
        }
        return answer_sealed(request, who, *connection.context);
    }
    if (!connection.tls && !rules_.allow_unencrypted) {
        connection.context.reset();
        return turn_away(request, refused_login(who.name(), "a message that was not encrypted"),
                         connection);
    }
    return router_.door_to(request.path)->handle(request, who);
}

// The door sees what was in the message, and its answer goes out in the same form.
HttpReply RequestHandling::answer_sealed(const HttpRequest& request, const cim::Principal& who,
                                         SecurityContext& context) const {
    HttpRequest inner = request;
    EncryptedBody frame;
    try {
        frame = parse_encrypted(request.field("Content-Type"), request.body);
        inner.body = context.open(frame.header + frame.data);
        check_length(frame, inner.body);
    } catch (const Error& error) {
        log_warning("refused a message of {} from {}: {}", who.name(), request.peer_address,
                    error.what());
        return plain_reply(400, "The message cannot be decrypted.");
    }
    inner.fields["Content-Type"] = frame.content_type;
    // Some clients fill the last block with zeros.
    inner.body.erase(inner.body.find_last_not_of('\0') + 1);
    HttpReply reply;
    if (auto refusal = refuse_before_body(inner)) {
        reply = std::move(*refusal);
    } else {
        reply = router_.door_to(inner.path)->handle(inner, who);
    }
    if (reply.stream) return plain_reply(406, "What goes on cannot be sealed.");
    SecurityContext::Sealed sealed = context.seal(reply.body);
    EncryptedBody answer{reply.fields["Content-Type"], reply.body.size(), std::move(sealed.header),
                         std::move(sealed.data), frame.with_tabs};
    reply.fields["Content-Type"] = encrypted_content_type(context.protocol());
    reply.body = write_encrypted(answer, context.protocol());
    return reply;
}

HttpReply RequestHandling::turn_away(const HttpRequest& request, const Authentication& login,
                                     const Connection& connection) const {
    if (!login.refused_as.empty() && rules_.trail) {
        rules_.trail->turned_away({request.peer_address, request.path}, login.refused_as,
                                  login.why);
    }
    HttpReply reply = plain_reply(401, "Who are you?");
    if (login.token.empty())
        reply.challenges = authenticator_->challenges(connection);
    else
        reply.challenges = {login.token};
    return reply;
}

}  // namespace reviver::server
