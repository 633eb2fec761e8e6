// A connection with TLS or without, as one stream of Asio: which it is, is decided at run time.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <optional>
#include <utility>

namespace reviver::server {

class ServerStream {
  public:
    using TcpStream = boost::beast::tcp_stream;
    using TlsStream = boost::beast::ssl_stream<TcpStream>;
    using executor_type = TcpStream::executor_type;
    using Result = boost::beast::error_code;

    // Without a context: no TLS.
    ServerStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls) {
        if (tls)
            tls_.emplace(std::move(socket), *tls);
        else
            plain_.emplace(std::move(socket));
    }

    executor_type get_executor() { return next_layer().get_executor(); }
    TcpStream& next_layer() { return tls_ ? tls_->next_layer() : *plain_; }
    SSL* session() { return tls_ ? tls_->native_handle() : nullptr; }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        if (tls_)
            tls_->async_read_some(buffers, std::forward<Handler>(handler));
        else
            plain_->async_read_some(buffers, std::forward<Handler>(handler));
    }
    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        if (tls_)
            tls_->async_write_some(buffers, std::forward<Handler>(handler));
        else
            plain_->async_write_some(buffers, std::forward<Handler>(handler));
    }
    template <class Handler>
    void async_handshake(Handler&& handler) {
        if (tls_) {
            tls_->async_handshake(boost::asio::ssl::stream_base::server,
                                  std::forward<Handler>(handler));
        } else {
            boost::asio::post(get_executor(), [handler = std::forward<Handler>(handler)]() mutable {
                handler(Result());
            });
        }
    }
    template <class Handler>
    void async_shutdown(Handler&& handler) {
        if (tls_) return tls_->async_shutdown(std::forward<Handler>(handler));
        Result result;
        plain_->socket().shutdown(boost::asio::socket_base::shutdown_send, result);
        boost::asio::post(get_executor(), [handler = std::forward<Handler>(handler),
                                           result]() mutable { handler(result); });
    }

  private:
    std::optional<TcpStream> plain_;
    std::optional<TlsStream> tls_;
};

}  // namespace reviver::server
