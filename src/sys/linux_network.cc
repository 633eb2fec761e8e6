#include "base/error.h"
#include "sys/descriptor.h"
#include "sys/linux.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <optional>

namespace reviver::sys {

namespace {

constexpr int backlog = 128;

// Milliseconds for poll(2), rounded up so that it never wakes before the deadline; long waits come
// in pieces.
int poll_ms(MonoTime deadline) {
    const MonoTime now = linux_clock().mono();
    if (now >= deadline) return 0;
    const auto left = std::min<Duration>(deadline - now, std::chrono::hours(24));
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

// True when `fd` (or `other_fd`, if there is one) has an event, false when the deadline came first.
bool wait_for(int fd, short events, MonoTime deadline, int other_fd = -1) {
    pollfd watched[2] = {{fd, events, 0}, {other_fd, POLLIN, 0}};
    for (;;) {
        const int count = ::poll(watched, other_fd < 0 ? 1 : 2, poll_ms(deadline));
        if (count > 0) return true;
        if (count < 0 && errno != EINTR) fail_errno(errno, "cannot wait for a socket");
        if (linux_clock().mono() >= deadline) return false;
    }
}

bool would_block(int error_number) {
    return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR;
}

class LinuxStream : public Stream {
  public:
    LinuxStream(Descriptor fd, std::string peer) : fd_(std::move(fd)), peer_(std::move(peer)) {
        const int on = 1;
        ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    std::size_t read_some(ByteSpan to) override {
        for (;;) {
            const ssize_t got = ::recv(fd_.get(), to.data(), to.size(), 0);
            const int error_number = errno;
            refuse_if_closed();
            if (got >= 0) return static_cast<std::size_t>(got);
            wait_or_fail(error_number, POLLIN, "read from");
        }
    }

    void write_all(ByteView from) override {
        while (!from.empty()) {
            const ssize_t put = ::send(fd_.get(), from.data(), from.size(), MSG_NOSIGNAL);
            const int error_number = errno;
            refuse_if_closed();
            if (put >= 0) {
                from = from.subspan(static_cast<std::size_t>(put));
            } else {
                wait_or_fail(error_number, POLLOUT, "write to");
            }
        }
    }

    void set_deadline(MonoTime deadline) override { deadline_ = deadline; }

    // The flag first: whoever the shutdown wakes must find it set.
    void close() override {
        closed_ = true;
        ::shutdown(fd_.get(), SHUT_RDWR);
    }

  private:
    void refuse_if_closed() {
        if (closed_) fail(Code::stopped, "the connection to {} was closed", peer_);
    }

    void wait_or_fail(int error_number, short events, std::string_view verb) {
        if (!would_block(error_number)) {
            fail(Code::unavailable, "cannot {} {}: {}", verb, peer_, std::strerror(error_number));
        }
        if (!wait_for(fd_.get(), events, deadline_)) {
            fail(Code::timeout, "{} did not answer in time", peer_);
        }
    }

    Descriptor fd_;
    std::string peer_;
    std::atomic<MonoTime> deadline_ = never;
    std::atomic<bool> closed_ = false;
};

struct AddressDeleter {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressDeleter>;

// Looking a name up takes as long as the system's resolver takes; addresses need no looking up.
Addresses resolve(const Endpoint& endpoint, int flags, int family) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const char* host = endpoint.host.empty() ? nullptr : endpoint.host.c_str();
    const int error = ::getaddrinfo(host, std::to_string(endpoint.port).c_str(), &hints, &found);
    if (error != 0) {
        fail(Code::unavailable, "cannot find the address of {}: {}", endpoint.text(),
             ::gai_strerror(error));
    }
    return Addresses(found);
}

Descriptor make_socket(const addrinfo& address) {
    return Descriptor(::socket(address.ai_family,
                               address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                               address.ai_protocol));
}

// 0, or the error number.
int connect_socket(int fd, const addrinfo& address, MonoTime deadline) {
    if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    if (!wait_for(fd, POLLOUT, deadline)) return ETIMEDOUT;
    int error_number = 0;
    socklen_t size = sizeof error_number;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size);
    return error_number;
}

class LinuxListener : public Listener {
  public:
    LinuxListener(Descriptor fd, std::uint16_t port)
        : fd_(std::move(fd)), closing_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), port_(port) {
        if (!closing_) fail_errno(errno, "cannot make an eventfd");
    }

    std::unique_ptr<Stream> accept() override {
        for (;;) {
            if (closed_) fail(Code::stopped, "the listener at port {} was closed", port_);
            Descriptor fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (fd) return std::make_unique<LinuxStream>(std::move(fd), "the peer");
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                fail(Code::out_of_memory, "cannot accept a connection: {}", std::strerror(errno));
            }
            // accept(2): any other error is that of a connection which has failed already.
            wait_for(fd_.get(), POLLIN, never, closing_.get());
        }
    }

    std::uint16_t port() const override { return port_; }

    void close() override {
        closed_ = true;
        ::eventfd_write(closing_.get(), 1);
    }

  private:
    Descriptor fd_;
    Descriptor closing_;
    std::uint16_t port_;
    std::atomic<bool> closed_ = false;
};

std::uint16_t port_of(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    const auto port = address.ss_family == AF_INET6
                          ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                          : reinterpret_cast<sockaddr_in*>(&address)->sin_port;
    return ntohs(port);
}

// 0 and the listening socket in `fd`, or the error number.
int listen_socket(const addrinfo& address, Descriptor& fd) {
    fd = make_socket(address);
    if (!fd) return errno;
    const int on = 1;
    const int off = 0;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ai_family == AF_INET6) {
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
    return ::listen(fd.get(), backlog) == 0 ? 0 : errno;
}

class LinuxNetwork : public Network {
  public:
    std::unique_ptr<Stream> connect(const Endpoint& to, MonoTime deadline) override {
        const Addresses addresses = resolve(to, 0, AF_UNSPEC);
        int error_number = EHOSTUNREACH;
        for (const addrinfo* a = addresses.get(); a != nullptr; a = a->ai_next) {
            Descriptor fd = make_socket(*a);
            error_number = fd ? connect_socket(fd.get(), *a, deadline) : errno;
            if (error_number == 0) return std::make_unique<LinuxStream>(std::move(fd), to.text());
        }
        fail(error_number == ETIMEDOUT ? Code::timeout : Code::unavailable,
             "cannot connect to {}: {}", to.text(), std::strerror(error_number));
    }

    std::unique_ptr<Listener> listen(const Endpoint& at) override {
        Descriptor fd;
        int error_number = EADDRNOTAVAIL;
        // Every address: one IPv6 socket takes both protocols, where the host has IPv6.
        if (at.host.empty()) {
            error_number = listen_socket(*resolve(at, AI_PASSIVE, AF_INET6), fd);
            if (error_number != 0) {
                error_number = listen_socket(*resolve(at, AI_PASSIVE, AF_INET), fd);
            }
        } else {
            error_number = listen_socket(*resolve(at, AI_PASSIVE, AF_UNSPEC), fd);
        }
        if (error_number != 0) {
            fail(error_number == EADDRINUSE ? Code::in_use : Code::failed,
                 "cannot listen at {}: {}", at.text(), std::strerror(error_number));
        }
        const std::uint16_t port = port_of(fd.get());
        return std::make_unique<LinuxListener>(std::move(fd), port);
    }
};

}  // namespace

Network& linux_network() {
    static LinuxNetwork network;
    return network;
}

}  // namespace reviver::sys
