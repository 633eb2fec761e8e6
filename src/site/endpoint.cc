#include "site/endpoint.h"

#include "base/error.h"

#include <charconv>

namespace reviver::site {
namespace {

[[noreturn]] void refuse(std::string_view text) {
    fail(Code::invalid_parameter,
         "\"{}\" is not HOST:PORT; write for example 192.0.2.1:7443, host.example.org:7443 or "
         "[2001:db8::1]:7443",
         text);
}

std::uint16_t parse_port(std::string_view port, std::string_view whole) {
    std::uint16_t number = 0;
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number == 0) refuse(whole);
    return number;
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

}  // namespace

sys::Endpoint parse_endpoint(std::string_view text) {
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) refuse(text);
    std::string_view host = text.substr(0, colon);
    bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    for (char c : host) {
        if (!is_host_character(c) && !(bracketed && c == ':')) refuse(text);
    }
    return {std::string(host), parse_port(text.substr(colon + 1), text)};
}

bool is_wildcard(const sys::Endpoint& endpoint) {
    return endpoint.host == "0.0.0.0" || endpoint.host == "::";
}

sys::Endpoint reached_locally(const sys::Endpoint& listener) {
    if (listener.host == "0.0.0.0") return {"127.0.0.1", listener.port};
    if (listener.host == "::") return {"::1", listener.port};
    return listener;
}

}  // namespace reviver::site
