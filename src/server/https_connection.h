// One connection of the HTTPS server: handshake, then request after request until either side has
// enough.
//
//   handshake -> idle -> header -> body -> worker -> reply -> idle ...
//
// Every arrow but the one through the worker has a deadline. All steps run on the strand of the
// socket; the worker reads the request while no step is pending, and hands its reply back to the
// strand. The connection lives as long as a step of it is pending.
//
// A reply whose body goes on (server/body_stream.h) is the last one:
//
//   header -> pieces, as they come -> closed, by whoever has enough first
#pragma once

#include "server/body_stream.h"
#include "server/https_server.h"
#include "server/request_handling.h"
#include "server/server_stream.h"
#include "server/worker_pool.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace reviver::server {

class ClientTrust;

class HttpsConnection : public std::enable_shared_from_this<HttpsConnection> {
  public:
    struct Surroundings {  // outlives the connection
        const HttpsOptions& options;
        const RequestHandling& handling;
        WorkerPool& workers;
        boost::asio::ssl::context* tls;       // null: without
        ClientTrust* client_trust;            // null: no certificate is asked for
        const std::string& end_point_digest;  // of our certificate
    };

    HttpsConnection(boost::asio::ip::tcp::socket socket, const Surroundings& surroundings,
                    std::string peer_address, std::function<void()> on_end);
    ~HttpsConnection();

    void start();
    void close();  // from any thread

  private:
    using Result = boost::beast::error_code;
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    using Reply = boost::beast::http::response<boost::beast::http::string_body>;

    void after_handshake(Result result);
    void deadline(std::chrono::milliseconds time);
    void wait_for_request();
    void read_header();
    void after_header(Result result);
    void send_continue();
    void read_body();
    void after_body(Result result);
    void refuse(unsigned status, std::string_view text);
    void send(HttpReply reply, bool keep_alive);
    void after_send(Result result);
    void begin_stream(HttpReply reply);
    void after_stream_header(Result result);
    void watch_reader();
    void wait_for_silence();
    void send_pieces();
    void write_piece(std::string bytes, bool last);
    void shut_down_stream();
    void break_stream();
    void end_stream();
    void shut_down();

    ServerStream stream_;
    Surroundings surroundings_;
    std::string peer_address_;
    Connection connection_;
    std::function<void()> on_end_;
    boost::beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    HttpRequest request_;
    Reply reply_;
    boost::beast::http::response<boost::beast::http::empty_body> continue_;

    // Of a reply that goes on.
    using StreamHeader = boost::beast::http::response<boost::beast::http::empty_body>;
    std::shared_ptr<BodyStream> body_stream_;
    StreamHeader stream_header_;
    std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>>
        stream_serializer_;
    boost::asio::steady_timer silence_;
    boost::asio::steady_timer stream_end_;
    std::string sign_of_life_;
    std::string piece_;  // being written
    bool writing_ = false;
    bool knows_chunks_ = true;  // HTTP/1.0 does not
};

}  // namespace reviver::server
