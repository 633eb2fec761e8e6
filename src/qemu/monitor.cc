#include "qemu/monitor.h"

#include "base/error.h"
#include "qemu/limits.h"
#include "qemu/qmp_json.h"

#include <boost/json/serialize.hpp>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace reviver::qemu {

namespace json = boost::json;

namespace {

int connect_to(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket.string();
    if (path.size() >= sizeof address.sun_path)
        fail(Code::invalid_parameter, "the socket path {} is too long", path);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail_errno(errno, "making a socket");
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    fail(Code::unavailable, "nobody listens on {}", path);
}

void bound_silence(int fd) {
    const timeval most{monitor_answer_max.count(), 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

}  // namespace

Monitor::Monitor(const std::filesystem::path& socket) : fd_(connect_to(socket)) {
    try {
        bound_silence(fd_);
        field(object_of(parse_json(line())), "QMP");
        call("qmp_capabilities", "");
    } catch (const Error&) {
        ::close(fd_);
        throw;
    }
}

Monitor::~Monitor() {
    ::close(fd_);
}

std::string Monitor::call(const std::string& command, const std::string& arguments) {
    const std::lock_guard lock(mutex_);
    send("{\"execute\":" + json::serialize(json::string(command)) +
         (arguments.empty() ? "" : ",\"arguments\":" + arguments) + "}\n");
    const json::value parsed = parse_json(answer());
    const json::object& object = object_of(parsed);
    if (const json::value* result = object.if_contains("return")) return json::serialize(*result);
    const json::object& refusal = object_of(field(object, "error"));
    fail(Code::failed, "QEMU refused {}: {}: {}", command,
         string_field_or(refusal, "class", "GenericError"),
         string_field_or(refusal, "desc", "no reason given"));
}

void Monitor::send(const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const auto now = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) fail(Code::unavailable, "the QEMU program went away");
        sent += static_cast<std::size_t>(now);
    }
}

// Events come whenever they like.
std::string Monitor::answer() {
    for (;;) {
        std::string text = line();
        if (!object_of(parse_json(text)).contains("event")) return text;
    }
}

std::string Monitor::line() {
    for (;;) {
        if (const auto end = buffer_.find('\n'); end != std::string::npos) {
            std::string result = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return result;
        }
        if (buffer_.size() > monitor_line_max)
            fail(Code::protocol, "a QEMU program answers with more than {} bytes",
                 monitor_line_max);
        std::array<char, 16384> block{};
        const auto got = ::recv(fd_, block.data(), block.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            fail(Code::timeout, "a QEMU program does not answer within {} s",
                 monitor_answer_max.count());
        if (got <= 0) fail(Code::unavailable, "the QEMU program went away");
        buffer_.append(block.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace reviver::qemu
