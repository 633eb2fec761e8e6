// One connection of the HTTPS server: handshake, then request after request until either side has
// enough.
//
//   handshake -> idle -> header -> body -> worker -> reply -> idle ...
//
// Every arrow but the one through the worker has a deadline. All steps run on the strand of the
// socket; the worker reads the request while no step is pending, and hands its reply back to the
// strand. The connection lives as long as a step of it is pending.
#pragma once

#include "server/https_server.h"
#include "server/request_handling.h"
#include "server/worker_pool.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace reviver::server {

class HttpsConnection : public std::enable_shared_from_this<HttpsConnection> {
  public:
    struct Surroundings {  // outlives the connection
        const HttpsOptions& options;
        const RequestHandling& handling;
        WorkerPool& workers;
        boost::asio::ssl::context& tls;
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

    void deadline(std::chrono::milliseconds time);
    void wait_for_request();
    void read_header();
    void after_header(Result result);
    bool header_is_sound() const;
    void send_continue();
    void read_body();
    void after_body(Result result);
    void refuse(unsigned status, std::string_view text);
    void send(HttpReply reply, bool keep_alive);
    void after_send(Result result);
    void shut_down();

    boost::beast::ssl_stream<boost::beast::tcp_stream> stream_;
    Surroundings surroundings_;
    std::string peer_address_;
    std::function<void()> on_end_;
    boost::beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    HttpRequest request_;
    Reply reply_;
    boost::beast::http::response<boost::beast::http::empty_body> continue_;
};

}  // namespace reviver::server
