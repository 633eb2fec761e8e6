#include "wire/connection.h"

#include "base/checksum.h"
#include "wire/messages.h"

namespace reviver::wire {

Connection::Connection(sys::World& world, std::unique_ptr<Channel> channel,
                       const Patience& patience, sys::MonoTime greeted_by)
    : world_(world),
      patience_(patience),
      channel_(std::move(channel)),
      writing_(world),
      last_sent_(world.clock.mono()),
      closing_(world.tasks.make_signal()) {
    channel_->limit_waits(greeted_by, sys::Duration::max());
}

Connection::~Connection() {
    close();
}

void Connection::keep_alive() {
    channel_->limit_waits(sys::never, patience_.silence_max);
    heart_ = world_.tasks.start("wire-alive", [this] { beat(); });
}

void Connection::beat() {
    const sys::Duration interval = patience_.alive_interval;
    while (!closing_->wait_until(last_sent_.load() + interval)) {
        if (world_.clock.mono() - last_sent_.load() < interval) continue;
        try {
            send({.type = FrameType::alive});
        } catch (const Error&) {
            return;  // kept as the failure that the reading task finds
        }
    }
}

void Connection::send(FrameHeader header, ByteView message, ByteView payload) {
    header.message_bytes = static_cast<std::uint32_t>(message.size());
    header.payload_bytes = static_cast<std::uint32_t>(payload.size());
    header.message_checksum = xxh3(message);
    if (header.type != FrameType::chunk) header.payload_checksum = xxh3(payload);
    const FrameHeaderBytes bytes = encode(header);
    const ByteView parts[] = {bytes, message, payload};
    const auto turn = writing_.take();
    try {
        channel_->write_all(parts);
    } catch (const Error& e) {
        // A peer that went away may have said why just before: what it said is still to be read.
        if (e.code() == Code::unavailable) throw;
        const Error cause = cause_of(e);
        close();
        throw cause;
    }
    last_sent_ = world_.clock.mono();
}

bool Connection::receive(Frame& frame, FrameSet allowed) {
    try {
        do {
            FrameHeaderBytes bytes;
            if (!fill(bytes, std::nullopt, true)) return false;
            frame.header = decode_header(bytes, allowed);
            read_body(frame);
        } while (frame.header.type == FrameType::alive);
        return true;
    } catch (const Error& e) {
        throw cause_of(e);
    }
}

void Connection::read_body(Frame& frame) {
    const FrameHeader& header = frame.header;
    const std::size_t size = header.message_bytes + header.payload_bytes;
    const auto by =
        world_.clock.after(patience_.silence_max + std::chrono::seconds(size / frame_rate_min));
    fill(frame.message.resize(header.message_bytes), by, false);
    fill(frame.payload.resize(header.payload_bytes), by, false);
    if (xxh3(frame.message.view()) != header.message_checksum) {
        fail(Code::corrupt, "the message of a frame has a wrong checksum");
    }
    const bool own_checksum = header.type == FrameType::chunk;
    if (!own_checksum && xxh3(frame.payload.view()) != header.payload_checksum) {
        fail(Code::corrupt, "the payload of a frame has a wrong checksum");
    }
}

// Without `by`, the clock starts at the first byte: a header may be long in coming, but not in
// arriving.
bool Connection::fill(ByteSpan to, std::optional<sys::MonoTime> by, bool may_end) {
    while (!to.empty()) {
        const std::size_t got = channel_->read_some(to);
        if (got == 0 && may_end) return false;
        if (got == 0) fail(Code::unavailable, "the connection ended in the middle of a frame");
        may_end = false;
        to = to.subspan(got);
        if (to.empty()) break;
        const sys::MonoTime now = world_.clock.mono();
        if (!by) by = now + patience_.silence_max;
        if (now > *by) fail(Code::timeout, "the peer takes too long for one frame");
    }
    return true;
}

void Connection::announce_end(const Error& error) {
    channel_->limit_waits(world_.clock.after(patience_.linger_max), patience_.silence_max);
    try {
        send({.type = FrameType::refusal}, bytes_of(encode(error)));
    } catch (const Error&) {
        close();  // it left without hearing the reason
    }
}

// Closing with unread bytes would reset the connection and take the refusal with it.
void Connection::refuse(const Error& error) {
    announce_end(error);
    const sys::MonoTime until = world_.clock.after(patience_.linger_max);
    std::byte rest[4096];
    try {
        while (channel_->read_some(rest) != 0 && world_.clock.mono() < until) {
        }
    } catch (const Error&) {
        // That is how it ends.
    }
    close();
}

void Connection::close() {
    {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = Error(Code::stopped, "the connection was closed");
    }
    closing_->raise();
    channel_->close();
}

Error Connection::cause_of(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = error;
    return *failure_;
}

}  // namespace reviver::wire
