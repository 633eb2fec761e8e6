#include "server/https_connection.h"

#include "base/log.h"
#include "server/limits.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

namespace reviver::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

std::string text(beast::string_view view) {
    return {view.data(), view.size()};
}

// The header as the doors see it. A field that came twice is joined, so that no door takes the
// first and another the last.
HttpRequest header_of(const http::request_header<>& header, const std::string& peer_address) {
    HttpRequest request;
    request.method = text(header.method_string());
    const std::string target = text(header.target());
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    for (const auto& field : header) {
        auto& value = request.fields[text(field.name_string())];
        value += (value.empty() ? "" : ", ") + text(field.value());
    }
    request.peer_address = peer_address;
    return request;
}

unsigned status_for(const beast::error_code& error) {
    if (error == http::error::header_limit) return 431;
    if (error == http::error::body_limit) return 413;
    return 400;
}

bool is_bad_http(const beast::error_code& error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

HttpsConnection::HttpsConnection(asio::ip::tcp::socket socket, const Surroundings& surroundings,
                                 std::string peer_address, std::function<void()> on_end)
    : stream_(std::move(socket), surroundings.tls),
      surroundings_(surroundings),
      peer_address_(std::move(peer_address)),
      on_end_(std::move(on_end)) {}

HttpsConnection::~HttpsConnection() {
    on_end_();
}

void HttpsConnection::start() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
        self->deadline(self->surroundings_.options.handshake_time_max);
        self->stream_.async_handshake(asio::ssl::stream_base::server, [self](Result result) {
            if (!result) self->wait_for_request();
        });
    });
}

void HttpsConnection::close() {
    asio::post(stream_.get_executor(),
               [self = shared_from_this()] { beast::get_lowest_layer(self->stream_).close(); });
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
    if (!header_is_sound()) return refuse(400, "The header makes no sense.");
    request_ = header_of(parser_->get().base(), peer_address_);
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

// What could be read in two ways is not read at all.
bool HttpsConnection::header_is_sound() const {
    const auto& header = parser_->get();
    const auto count = [&](http::field name) { return header.count(name); };
    const auto fields = std::distance(header.begin(), header.end());
    return static_cast<std::size_t>(fields) <= limits::header_fields_max &&
           count(http::field::host) <= 1 && count(http::field::authorization) <= 1 &&
           count(http::field::content_length) <= 1 && count(http::field::transfer_encoding) <= 1 &&
           !(count(http::field::content_length) && count(http::field::transfer_encoding)) &&
           (count(http::field::host) == 1 || header.version() < 11) &&
           (count(http::field::transfer_encoding) == 0 ||
            cim::same_name(text(header[http::field::transfer_encoding]), "chunked"));
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
    request_.body = std::move(parser_->get().body());
    parser_.reset();
    beast::get_lowest_layer(stream_).expires_never();
    const auto work = [self = shared_from_this(), keep_alive] {
        HttpReply reply = self->surroundings_.handling.answer(self->request_);
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
    reply_ = Reply(static_cast<http::status>(reply.status), 11);
    for (const auto& [name, value] : reply.fields) reply_.set(name, value);
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

void HttpsConnection::shut_down() {
    deadline(limits::closing_time_max);
    stream_.async_shutdown([self = shared_from_this()](Result) {});
}

}  // namespace reviver::server
