#include "wire/greeting.h"

#include <algorithm>

namespace reviver::wire {

std::uint32_t common_version(std::uint32_t ours_min, std::uint32_t ours_max,
                             std::uint32_t theirs_min, std::uint32_t theirs_max) {
    const std::uint32_t newest = std::min(ours_max, theirs_max);
    if (newest >= std::max(ours_min, theirs_min)) return newest;
    fail(Code::not_supported,
         "this site speaks protocol versions {} to {}, the peer {} to {}: update the {}", ours_min,
         ours_max, theirs_min, theirs_max, ours_max < theirs_min ? "former" : "latter");
}

void send_hello(Connection& connection, const Site& self, std::uint64_t window_bytes) {
    const Hello ours{protocol_min, protocol_max, self, window_bytes};
    connection.send({.type = FrameType::hello}, bytes_of(encode(ours)));
}

Hello receive_hello(Connection& connection) {
    Frame frame;
    if (!connection.receive(frame, greeting_frames)) {
        fail(Code::unavailable, "the peer closed the connection without a greeting");
    }
    if (frame.header.type == FrameType::refusal) throw decode_failure(frame.message.view());
    return decode_hello(frame.message.view());
}

Peer agree_with(const Hello& theirs, const Fingerprint& fingerprint) {
    Peer peer;
    peer.protocol =
        common_version(protocol_min, protocol_max, theirs.version_min, theirs.version_max);
    peer.id = theirs.site.id;
    peer.name = theirs.site.name;
    peer.product = theirs.site.product;
    peer.fingerprint = fingerprint;
    peer.window_bytes = theirs.window_bytes;
    return peer;
}

Peer greet(Connection& connection, const Site& self, std::uint64_t window_bytes) {
    send_hello(connection, self, window_bytes);
    return agree_with(receive_hello(connection), connection.peer());
}

}  // namespace reviver::wire
