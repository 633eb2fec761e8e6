// Sockets do not block: every step asks poll() for what TLS wants next and for no longer than the
// deadline of the whole exchange. A kept connection is looked at before it is used again, because a
// request that may have been read must not be sent twice: methods are not idempotent.
#include "cli/https_transport.h"

#include "base/error.h"
#include "cim/names.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string_view>
#include <vector>

namespace reviver::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t header_bytes_max = 64u << 10;
constexpr std::size_t body_bytes_max = 8u << 20;

struct Url {
    std::string host;
    std::string port;
    std::string path;

    std::string place() const { return host + " port " + port; }
    std::string host_field() const {
        return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
    }
};

Url parse_url(const std::string& text) {
    constexpr std::string_view scheme = "https://";
    const auto bad = [&] {
        fail(Code::invalid_parameter, "{} is no https://HOST:PORT/PATH", text);
    };
    if (!text.starts_with(scheme)) bad();
    std::string rest = text.substr(scheme.size());
    Url url;
    const auto slash = std::min(rest.find('/'), rest.size());
    url.path = slash == rest.size() ? "/" : rest.substr(slash);
    std::string authority = rest.substr(0, slash);
    const auto colon = authority.rfind(':');
    const bool has_port = colon != std::string::npos && !authority.ends_with(']');
    url.port = has_port ? authority.substr(colon + 1) : "5986";
    if (has_port) authority.resize(colon);
    if (authority.starts_with('[') && authority.ends_with(']')) {
        authority = authority.substr(1, authority.size() - 2);
    }
    url.host = authority;
    const bool clean = std::none_of(text.begin(), text.end(),
                                    [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
    if (url.host.empty() || url.port.empty() || !clean ||
        url.port.find_first_not_of("0123456789") != std::string::npos) {
        bad();
    }
    return url;
}

std::string base64(const std::string& bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::string tls_error() {
    const unsigned long code = ERR_get_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    return reason ? reason : "the connection ended";
}

class Socket {
  public:
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    ~Socket() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

// Waits until the descriptor is ready, or throws when the deadline passes.
void wait_for(int descriptor, short events, Clock::time_point deadline, const Url& url) {
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd entry{descriptor, events, 0};
        const int ready =
            left.count() <= 0 ? 0 : ::poll(&entry, 1, static_cast<int>(left.count()) + 1);
        if (ready > 0) return;
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) fail_errno(errno, "waiting for " + url.place());
        fail(Code::timeout, "{} did not answer in time", url.place());
    }
}

// 0, or the errno why this address could not be connected.
int try_connect(const addrinfo& address, std::unique_ptr<Socket>& result,
                Clock::time_point deadline, const Url& url) {
    auto socket = std::make_unique<Socket>(
        ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket->get() < 0) return errno;
    if (::connect(socket->get(), address.ai_addr, address.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) return errno;
        wait_for(socket->get(), POLLOUT, deadline, url);
        int error = 0;
        socklen_t size = sizeof(error);
        ::getsockopt(socket->get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) return error;
    }
    const int on = 1;
    ::setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    result = std::move(socket);
    return 0;
}

std::unique_ptr<Socket> connect_to(const Url& url, Clock::time_point deadline) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found);
    if (failed) fail(Code::unavailable, "cannot find {}: {}", url.host, ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
    int error = 0;
    std::unique_ptr<Socket> socket;
    for (const addrinfo* at = found; at; at = at->ai_next) {
        error = try_connect(*at, socket, deadline, url);
        if (error == 0) return socket;
    }
    fail(Code::unavailable, "cannot connect to {}: {}", url.place(), std::strerror(error));
}

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

std::vector<Certificate> read_certificates(const std::filesystem::path& file) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_file(file.c_str(), "r"), BIO_free);
    if (!in) fail(Code::not_found, "cannot read the certificate {}", file.string());
    std::vector<Certificate> result;
    while (X509* one = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
        result.emplace_back(one, X509_free);
    }
    ERR_clear_error();
    if (result.empty()) fail(Code::invalid_parameter, "{} holds no certificate", file.string());
    return result;
}

struct Reply {
    unsigned status = 0;
    std::string header;  // field lines
    std::string body;

    std::string_view field(std::string_view name) const {
        std::string_view rest = header;
        while (!rest.empty()) {
            const auto end = std::min(rest.find("\r\n"), rest.size());
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 2, rest.size()));
            const auto colon = line.find(':');
            if (colon != std::string_view::npos && cim::same_name(line.substr(0, colon), name)) {
                return cim::trim(line.substr(colon + 1));
            }
        }
        return {};
    }
};

}  // namespace

class HttpsTransport::State {
  public:
    State(const std::string& url, std::string user, std::string password,
          const std::filesystem::path& ca_file, std::chrono::seconds time_max)
        : url_(parse_url(url)),
          authorization_("Basic " + base64(user + ":" + password)),
          trusted_(read_certificates(ca_file)),
          time_max_(time_max) {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
        // The file may hold the server's own certificate, which no other one vouches for.
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
        for (const Certificate& one : trusted_) X509_STORE_add_cert(store, one.get());
    }

    std::string post(const std::string& content_type, const std::string& body, unsigned* status) {
        deadline_ = Clock::now() + time_max_;
        if (!connection_is_good()) connect();
        try {
            send(request(content_type, body.size()) + body);
            Reply reply = read_reply();
            *status = reply.status;
            if (cim::same_name(reply.field("Connection"), "close")) disconnect();
            return std::move(reply.body);
        } catch (const Error&) {
            disconnect();  // half a reply may still be on its way
            throw;
        }
    }

  private:
    void disconnect() {
        session_.reset();
        socket_.reset();
        received_.clear();
    }

    // A server that closed it, or sent what nobody asked for, is met again on a new connection.
    bool connection_is_good() const {
        if (!session_) return false;
        pollfd entry{socket_->get(), POLLIN, 0};
        return ::poll(&entry, 1, 0) == 0 && received_.empty();
    }

    void connect() {
        disconnect();
        socket_ = connect_to(url_, deadline_);
        session_.reset(SSL_new(context_.get()));
        SSL_set_fd(session_.get(), socket_->get());
        SSL_set_tlsext_host_name(session_.get(), url_.host.c_str());
        try {
            drive([this] { return SSL_connect(session_.get()); });
            check_name();
        } catch (const Error&) {
            disconnect();
            throw;
        }
    }

    // A certificate that is itself in the file is the one meant; another one must be made out to
    // this host.
    void check_name() {
        const Certificate peer(SSL_get1_peer_certificate(session_.get()), X509_free);
        for (const Certificate& one : trusted_) {
            if (peer && X509_cmp(one.get(), peer.get()) == 0) return;
        }
        const bool named =
            peer && (X509_check_host(peer.get(), url_.host.c_str(), 0, 0, nullptr) == 1 ||
                     X509_check_ip_asc(peer.get(), url_.host.c_str(), 0) == 1);
        if (!named) {
            fail(Code::access_denied, "the certificate of {} is made out to another name",
                 url_.place());
        }
    }

    // Repeats a TLS step until it is done, waiting for the socket as TLS asks. 0: the other end
    // closed.
    template <class Step>
    int drive(Step step) {
        while (true) {
            ERR_clear_error();
            const int done = step();
            if (done > 0) return done;
            switch (SSL_get_error(session_.get(), done)) {
                case SSL_ERROR_WANT_READ:
                    wait_for(socket_->get(), POLLIN, deadline_, url_);
                    break;
                case SSL_ERROR_WANT_WRITE:
                    wait_for(socket_->get(), POLLOUT, deadline_, url_);
                    break;
                case SSL_ERROR_ZERO_RETURN:
                    return 0;
                default:
                    throw_tls_error();
            }
        }
    }

    [[noreturn]] void throw_tls_error() {
        const long verified = SSL_get_verify_result(session_.get());
        if (verified != X509_V_OK) {
            fail(Code::access_denied,
                 "the certificate of {} is not the trusted one: {}; give --ca the file "
                 "keys/management.crt of that site",
                 url_.place(), X509_verify_cert_error_string(verified));
        }
        fail(Code::unavailable, "the connection to {} failed: {}", url_.place(), tls_error());
    }

    std::string request(const std::string& content_type, std::size_t body_bytes) const {
        return "POST " + url_.path + " HTTP/1.1\r\nHost: " + url_.host_field() +
               "\r\nUser-Agent: reviver\r\nAuthorization: " + authorization_ +
               "\r\nContent-Type: " + content_type +
               "\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n\r\n";
    }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const int sent = drive([&] {
                return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
            });
            if (sent == 0) throw_tls_error();
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    void receive_more() {
        char block[16384];
        const int count =
            drive([&] { return SSL_read(session_.get(), block, static_cast<int>(sizeof(block))); });
        if (count == 0) fail(Code::unavailable, "{} closed the connection", url_.place());
        received_.append(block, static_cast<std::size_t>(count));
    }

    [[noreturn]] void bad_reply() const {
        fail(Code::protocol, "{} does not answer as an HTTP server does", url_.place());
    }

    Reply read_reply() {
        Reply reply = read_header();
        while (reply.status == 100) reply = read_header();
        if (!reply.field("Transfer-Encoding").empty()) {
            reply.body = read_chunks();
            return reply;
        }
        const std::string_view length = reply.field("Content-Length");
        std::size_t bytes = 0;
        const auto [end, error] =
            std::from_chars(length.data(), length.data() + length.size(), bytes);
        if (error != std::errc() || end != length.data() + length.size()) bad_reply();
        reply.body = read_bytes(bytes);
        return reply;
    }

    Reply read_header() {
        std::size_t end;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
            if (received_.size() > header_bytes_max) bad_reply();
            receive_more();
        }
        const std::string head = received_.substr(0, end);
        received_.erase(0, end + 4);
        Reply reply;
        const auto end_of_line = std::min(head.find("\r\n"), head.size());
        if (!head.starts_with("HTTP/1.") || end_of_line < 12) bad_reply();
        std::from_chars(head.data() + 9, head.data() + 12, reply.status);
        if (reply.status < 100) bad_reply();
        reply.header = head.substr(std::min(end_of_line + 2, head.size()));
        return reply;
    }

    std::string read_bytes(std::size_t count) {
        if (count > body_bytes_max) bad_reply();
        while (received_.size() < count) receive_more();
        std::string bytes = received_.substr(0, count);
        received_.erase(0, count);
        return bytes;
    }

    std::string read_line() {
        std::size_t end;
        while ((end = received_.find("\r\n")) == std::string::npos) {
            if (received_.size() > header_bytes_max) bad_reply();
            receive_more();
        }
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 2);
        return line;
    }

    std::string read_chunks() {
        std::string body;
        while (true) {
            const std::string line = read_line();
            std::size_t size = 0;
            const auto result = std::from_chars(line.data(), line.data() + line.size(), size, 16);
            if (result.ec != std::errc() || body.size() + size > body_bytes_max) bad_reply();
            if (size == 0) break;
            body += read_bytes(size);
            if (!read_line().empty()) bad_reply();
        }
        while (!read_line().empty()) {
        }
        return body;
    }

    const Url url_;
    const std::string authorization_;
    const std::vector<Certificate> trusted_;
    const std::chrono::seconds time_max_;
    Context context_{nullptr, SSL_CTX_free};
    std::unique_ptr<Socket> socket_;
    Session session_{nullptr, SSL_free};
    std::string received_;
    Clock::time_point deadline_;
};

HttpsTransport::HttpsTransport(const std::string& url, std::string user, std::string password,
                               const std::filesystem::path& ca_file, std::chrono::seconds time_max)
    : state_(
          std::make_unique<State>(url, std::move(user), std::move(password), ca_file, time_max)) {
    // A write to a connection that the server closed is an error to report, not a signal to die of.
    std::signal(SIGPIPE, SIG_IGN);
}

HttpsTransport::~HttpsTransport() = default;
HttpsTransport::HttpsTransport(HttpsTransport&&) noexcept = default;
HttpsTransport& HttpsTransport::operator=(HttpsTransport&&) noexcept = default;

std::string HttpsTransport::post(const std::string& content_type, const std::string& body,
                                 unsigned* status) {
    return state_->post(content_type, body, status);
}

}  // namespace reviver::cli
