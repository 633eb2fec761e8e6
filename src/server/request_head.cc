#include "server/request_head.h"

#include "cim/names.h"
#include "server/limits.h"

#include <boost/beast/http/error.hpp>

#include <iterator>

namespace reviver::server {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

std::string text(beast::string_view view) {
    return {view.data(), view.size()};
}

}  // namespace

bool is_sound(const RequestHead& head) {
    const auto count = [&](http::field name) { return head.count(name); };
    const auto fields = std::distance(head.begin(), head.end());
    return static_cast<std::size_t>(fields) <= limits::header_fields_max &&
           count(http::field::host) <= 1 && count(http::field::authorization) <= 1 &&
           count(http::field::content_length) <= 1 && count(http::field::transfer_encoding) <= 1 &&
           !(count(http::field::content_length) && count(http::field::transfer_encoding)) &&
           (count(http::field::host) == 1 || head.version() < 11) &&
           (count(http::field::transfer_encoding) == 0 ||
            cim::same_name(text(head[http::field::transfer_encoding]), "chunked"));
}

HttpRequest request_of(const RequestHead& head, const std::string& peer_address) {
    HttpRequest request;
    request.method = text(head.method_string());
    const std::string target = text(head.target());
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    for (const auto& field : head) {
        auto& value = request.fields[text(field.name_string())];
        value += (value.empty() ? "" : ", ") + text(field.value());
    }
    request.peer_address = peer_address;
    return request;
}

bool is_bad_http(const beast::error_code& error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

unsigned status_for(const beast::error_code& error) {
    if (error == http::error::header_limit) return 431;
    if (error == http::error::body_limit) return 413;
    return 400;
}

}  // namespace reviver::server
