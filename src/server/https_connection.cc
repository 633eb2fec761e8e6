#include "server/https_connection.h"

#include "base/log.h"
#include "server/certificates.h"
#include "server/client_trust.h"
#include "server/limits.h"
#include "server/request_head.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <utility>

namespace reviver::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

HttpsConnection::HttpsConnection(asio::ip::tcp::socket socket, const Surroundings& surroundings,
                                 std::string peer_address, std::function<void()> on_end)
    : stream_(std::move(socket), surroundings.tls),
      surroundings_(surroundings),
      peer_address_(std::move(peer_address)),
      on_end_(std::move(on_end)),
      silence_(stream_.get_executor()),
      stream_end_(stream_.get_executor()) {}

HttpsConnection::~HttpsConnection() {
    if (body_stream_) body_stream_->close();
    on_end_();
}

void HttpsConnection::start() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
        self->deadline(self->surroundings_.options.handshake_time_max);
        const auto& surroundings = self->surroundings_;
        if (surroundings.client_trust) surroundings.client_trust->hold_to(self->stream_.session());
        self->stream_.async_handshake([self](Result result) { self->after_handshake(result); });
    });
}

void HttpsConnection::after_handshake(Result result) {
    SSL* session = stream_.session();
    if (result) {
        const std::string why = session ? refused_certificate(session) : std::string();
        if (!why.empty()) log_warning("refused a certificate from {}: {}", peer_address_, why);
        return;
    }
    connection_.tls = session != nullptr;
    if (session) {
        connection_.end_point_digest = surroundings_.end_point_digest;
        connection_.certificate = client_certificate(session);
    }
    wait_for_request();
}

void HttpsConnection::close() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->break_stream(); });
}

void HttpsConnection::deadline(std::chrono::milliseconds time) {
    beast::get_lowest_layer(stream_).expires_after(time);
}

// The first byte of a request may take its time; from then on the header must come quickly.
void HttpsConnection::wait_for_request() {
    if (buffer_.size() > 0) return read_header();
    deadline(surroundings_.options.idle_time_max);
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](Result result, std::size_t bytes) {
                                if (result) return;
                                self->buffer_.commit(bytes);
                                self->read_header();
                            });
}

void HttpsConnection::read_header() {
    deadline(surroundings_.options.header_time_max);
    parser_.emplace();
    parser_->header_limit(limits::header_bytes_max);
    parser_->body_limit(limits::body_bytes_max);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](Result result, std::size_t) { self->after_header(result); });
}

void HttpsConnection::after_header(Result result) {
    if (result) {
        if (is_bad_http(result)) refuse(status_for(result), "This is no request that can be read.");
        return;
    }
    if (!is_sound(parser_->get())) return refuse(400, "The header makes no sense.");
    request_ = request_of(parser_->get().base(), peer_address_);
    if (auto refusal = surroundings_.handling.refuse_before_body(request_)) {
        return send(std::move(*refusal), false);
    }
    const std::size_t bytes_max = surroundings_.handling.body_bytes_max(request_);
    const auto length = parser_->content_length();
    if (length && *length > bytes_max) return refuse(413, "The request is too large.");
    parser_->body_limit(bytes_max);
    if (cim::same_name(request_.field("Expect"), "100-continue")) return send_continue();
    read_body();
}

void HttpsConnection::send_continue() {
    continue_ = {http::status::continue_, 11};
    http::async_write(stream_, continue_, [self = shared_from_this()](Result result, std::size_t) {
        if (!result) self->read_body();
    });
}

void HttpsConnection::read_body() {
    deadline(surroundings_.options.body_time_max);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](Result result, std::size_t) { self->after_body(result); });
}

void HttpsConnection::after_body(Result result) {
    if (result) {
        if (is_bad_http(result)) refuse(status_for(result), "The body cannot be read.");
        return;
    }
    const bool keep_alive = parser_->get().keep_alive();
    knows_chunks_ = parser_->get().version() >= 11;
    request_.body = std::move(parser_->get().body());
    parser_.reset();
    beast::get_lowest_layer(stream_).expires_never();
    const auto work = [self = shared_from_this(), keep_alive] {
        HttpReply reply = self->surroundings_.handling.answer(self->request_, self->connection_);
        asio::post(self->stream_.get_executor(),
                   [self, keep_alive, reply = std::move(reply)] { self->send(reply, keep_alive); });
    };
    if (!surroundings_.workers.submit(work)) {
        refuse(503, "The server has too much to do. Try again later.");
    }
}

void HttpsConnection::refuse(unsigned status, std::string_view text) {
    send(plain_reply(status, text), false);
}

void HttpsConnection::send(HttpReply reply, bool keep_alive) {
    request_ = {};
    if (reply.stream) return begin_stream(std::move(reply));
    reply_ = Reply(static_cast<http::status>(reply.status), 11);
    for (const auto& [name, value] : reply.fields) reply_.set(name, value);
    for (const auto& challenge : reply.challenges) {
        reply_.insert(http::field::www_authenticate, challenge);
    }
    reply_.body() = std::move(reply.body);
    reply_.keep_alive(keep_alive);
    reply_.prepare_payload();
    deadline(limits::write_time_max);
    http::async_write(stream_, reply_, [self = shared_from_this()](Result result, std::size_t) {
        self->after_send(result);
    });
}

void HttpsConnection::after_send(Result result) {
    if (result) return;
    const bool keep_alive = reply_.keep_alive();
    reply_ = {};
    if (keep_alive)
        wait_for_request();
    else
        shut_down();
}

void HttpsConnection::begin_stream(HttpReply reply) {
    body_stream_ = std::move(reply.stream);
    sign_of_life_ = std::move(reply.sign_of_life);
    stream_header_ = StreamHeader(static_cast<http::status>(reply.status), 11);
    for (const auto& [name, value] : reply.fields) stream_header_.set(name, value);
    for (const auto& challenge : reply.challenges) {
        stream_header_.insert(http::field::www_authenticate, challenge);
    }
    stream_header_.keep_alive(false);
    stream_header_.chunked(knows_chunks_);
    stream_serializer_.emplace(stream_header_);
    deadline(limits::write_time_max);
    http::async_write_header(stream_, *stream_serializer_,
                             [self = shared_from_this()](Result result, std::size_t) {
                                 self->after_stream_header(result);
                             });
}

// The stream knows its connection weakly: whoever writes into it keeps no connection alive.
void HttpsConnection::after_stream_header(Result result) {
    if (result || !body_stream_) return end_stream();
    watch_reader();
    wait_for_silence();
    stream_end_.expires_after(surroundings_.options.stream_time_max);
    stream_end_.async_wait([self = shared_from_this()](Result cancelled) {
        if (!cancelled && self->body_stream_) self->body_stream_->end();
    });
    body_stream_->attach([weak = weak_from_this(), executor = stream_.get_executor()] {
        asio::post(executor, [weak] {
            if (const auto self = weak.lock()) self->send_pieces();
        });
    });
}

// The reader of a stream has nothing to say: whatever comes from it, its end most of all, ends the
// stream. Its deadlines are timers of their own, since those of the socket cannot be set while a
// read waits.
void HttpsConnection::watch_reader() {
    beast::get_lowest_layer(stream_).expires_never();
    stream_.async_read_some(buffer_.prepare(1), [self = shared_from_this()](Result, std::size_t) {
        if (self->body_stream_) self->break_stream();
    });
}

void HttpsConnection::wait_for_silence() {
    const auto& options = surroundings_.options;
    silence_.expires_after(writing_ ? options.write_time_max : options.stream_silence_max);
    silence_.async_wait([self = shared_from_this()](Result cancelled) {
        if (cancelled || !self->body_stream_) return;
        // It may have been set anew while this was on its way.
        if (self->silence_.expiry() > std::chrono::steady_clock::now()) return;
        if (self->writing_) return self->break_stream();
        self->body_stream_->push(self->sign_of_life_);
        self->wait_for_silence();
    });
}

// One piece is under way at a time; what comes meanwhile waits, and goes out together.
void HttpsConnection::send_pieces() {
    if (!body_stream_) return;
    if (body_stream_->overrun()) {
        log_debug("{} reads its stream too slowly", peer_address_);
        return break_stream();
    }
    if (writing_) return;
    BodyStream::Taken taken = body_stream_->take();
    if (!taken.bytes.empty() || taken.ended) write_piece(std::move(taken.bytes), taken.ended);
}

void HttpsConnection::write_piece(std::string bytes, bool last) {
    writing_ = true;
    piece_ = std::move(bytes);
    if (knows_chunks_) {
        if (!piece_.empty()) piece_ = fmt::format("{:x}\r\n{}\r\n", piece_.size(), piece_);
        if (last) piece_ += "0\r\n\r\n";
    }
    wait_for_silence();
    asio::async_write(stream_, asio::buffer(piece_),
                      [self = shared_from_this(), last](Result result, std::size_t) {
                          self->writing_ = false;
                          if (result) return self->break_stream();
                          if (last) return self->shut_down_stream();
                          self->wait_for_silence();
                          self->send_pieces();
                      });
}

// The read that watched the reader still waits, so the shutdown has a timer of its own too.
void HttpsConnection::shut_down_stream() {
    end_stream();
    silence_.expires_after(limits::closing_time_max);
    silence_.async_wait([self = shared_from_this()](Result cancelled) {
        if (!cancelled) beast::get_lowest_layer(self->stream_).close();
    });
    stream_.async_shutdown([self = shared_from_this()](Result) { self->silence_.cancel(); });
}

void HttpsConnection::break_stream() {
    end_stream();
    beast::get_lowest_layer(stream_).close();
}

void HttpsConnection::end_stream() {
    silence_.cancel();
    stream_end_.cancel();
    if (const auto ended = std::exchange(body_stream_, nullptr)) ended->close();
}

void HttpsConnection::shut_down() {
    deadline(limits::closing_time_max);
    stream_.async_shutdown([self = shared_from_this()](Result) {});
}

}  // namespace reviver::server
