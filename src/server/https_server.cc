#include "server/https_server.h"

#include "base/error.h"
#include "base/log.h"
#include "server/certificates.h"
#include "server/client_trust.h"
#include "server/https_connection.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace reviver::server {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// Offers HTTP/1.1 and nothing newer: what some clients authenticate is the connection, which HTTP/2
// would share.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned offered_length, void*) {
    static constexpr unsigned char http11[] = "\x08http/1.1";
    unsigned char* out = nullptr;
    if (SSL_select_next_proto(&out, chosen_length, http11, sizeof(http11) - 1, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *chosen = out;
    return SSL_TLSEXT_ERR_OK;
}

asio::ssl::context make_tls(const HttpsOptions& options) {
    asio::ssl::context tls(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(tls.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_alpn_select_cb(tls.native_handle(), choose_protocol, nullptr);
    boost::system::error_code error;
    tls.use_certificate_chain_file(options.certificate_file.string(), error);
    if (error) {
        fail(Code::invalid_parameter, "the certificate {} cannot be used: {}",
             options.certificate_file.string(), error.message());
    }
    tls.use_private_key_file(options.key_file.string(), asio::ssl::context::pem, error);
    if (error) {
        fail(Code::invalid_parameter, "the key {} cannot be used: {}", options.key_file.string(),
             error.message());
    }
    return tls;
}

// How many connections there are, together and from one address. An entry says that it ended, from
// whatever thread.
class ConnectionCount {
  public:
    explicit ConnectionCount(std::size_t most) : most_(most) {}

    bool enter(const std::string& address) {
        const std::lock_guard lock(mutex_);
        if (total_ >= most_ || by_address_[address] >= limits::connections_per_address_max) {
            return false;
        }
        ++total_;
        ++by_address_[address];
        return true;
    }

    void leave(const std::string& address) {
        const std::lock_guard lock(mutex_);
        --total_;
        if (--by_address_[address] == 0) by_address_.erase(address);
    }

  private:
    const std::size_t most_;
    std::mutex mutex_;
    std::size_t total_ = 0;
    std::map<std::string, std::size_t> by_address_;
};

}  // namespace

// Order of members: what a connection uses is destroyed after the last of them, which the
// io_context may hold.
class HttpsServer::State {
  public:
    State(const HttpsOptions& options, Router router, std::shared_ptr<Authenticator> authenticator)
        : options_(options),
          handling_(std::move(router), std::move(authenticator),
                    {options.trail, options.allow_unencrypted}),
          count_(options.connections_max),
          workers_(options.workers, limits::queued_requests_max),
          acceptor_(asio::make_strand(io_)),
          pause_(acceptor_.get_executor()) {
        if (options.tls) {
            tls_.emplace(make_tls(options));
            end_point_digest_ = end_point_digest(tls_->native_handle());
            if (!options.client_ca_file.empty()) {
                client_trust_.emplace(tls_->native_handle(), options.client_ca_file,
                                      options.client_crl_file);
            }
        }
        listen();
        accept();
        thread_ = std::thread([this] { run(); });
    }

    ~State() { stop(); }

    std::uint16_t port() const { return port_; }

    void stop() {
        if (!thread_.joinable()) return;
        asio::post(acceptor_.get_executor(), [this] {
            acceptor_.close();
            pause_.cancel();
        });
        close_connections();
        workers_.stop();
        io_.stop();
        thread_.join();
        run_what_is_left();
    }

  private:
    // The loop may have stopped before every connection heard that it is to close.
    void run_what_is_left() {
        try {
            io_.restart();
            io_.poll();
        } catch (const std::exception& error) {
            log_error("a connection to the server failed: {}", error.what());
        }
    }

    // A connection that fails in a way nobody thought of ends; the others and the daemon do not.
    void run() {
        while (!io_.stopped()) {
            try {
                io_.run();
            } catch (const std::exception& error) {
                log_error("a connection to the server failed: {}", error.what());
            }
        }
    }

    void listen() {
        try {
            const auto address = asio::ip::make_address(options_.address);
            const tcp::endpoint endpoint(address, options_.port);
            acceptor_.open(endpoint.protocol());
            acceptor_.set_option(asio::socket_base::reuse_address(true));
            acceptor_.bind(endpoint);
            acceptor_.listen();
            port_ = acceptor_.local_endpoint().port();
        } catch (const boost::system::system_error& error) {
            fail(Code::unavailable, "cannot listen on {} port {}: {}", options_.address,
                 options_.port, error.code().message());
        }
    }

    void accept() {
        acceptor_.async_accept(asio::make_strand(io_),
                               [this](boost::system::error_code error, tcp::socket socket) {
                                   if (!acceptor_.is_open()) return;
                                   if (error) return accept_later();
                                   begin(std::move(socket));
                                   accept();
                               });
    }

    // Out of descriptors, most likely: some will be free soon, and trying at once would only burn
    // the processor.
    void accept_later() {
        pause_.expires_after(std::chrono::milliseconds(100));
        pause_.async_wait([this](boost::system::error_code error) {
            if (!error) accept();
        });
    }

    void begin(tcp::socket socket) {
        boost::system::error_code error;
        const tcp::endpoint peer = socket.remote_endpoint(error);
        if (error) return;
        const std::string address = peer.address().to_string();
        if (!count_.enter(address)) return log_debug("too many connections from {}", address);
        socket.set_option(tcp::no_delay(true), error);
        const auto connection = std::make_shared<HttpsConnection>(
            std::move(socket),
            HttpsConnection::Surroundings{options_, handling_, workers_, tls_ ? &*tls_ : nullptr,
                                          client_trust_ ? &*client_trust_ : nullptr,
                                          end_point_digest_},
            address, [this, address] { count_.leave(address); });
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(connections_, [](const auto& one) { return one.expired(); });
            connections_.push_back(connection);
        }
        connection->start();
    }

    void close_connections() {
        const std::lock_guard lock(mutex_);
        for (const auto& one : connections_) {
            if (const auto connection = one.lock()) connection->close();
        }
    }

    const HttpsOptions options_;
    const RequestHandling handling_;
    std::optional<asio::ssl::context> tls_;
    std::optional<ClientTrust> client_trust_;
    std::string end_point_digest_;
    ConnectionCount count_;
    std::mutex mutex_;
    std::vector<std::weak_ptr<HttpsConnection>> connections_;
    asio::io_context io_{1};
    WorkerPool workers_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

HttpsServer::HttpsServer(const HttpsOptions& options, Router router,
                         std::shared_ptr<Authenticator> authenticator)
    : state_(std::make_unique<State>(options, std::move(router), std::move(authenticator))) {}

HttpsServer::~HttpsServer() = default;

std::uint16_t HttpsServer::port() const {
    return state_->port();
}

void HttpsServer::stop() {
    state_->stop();
}

}  // namespace reviver::server
