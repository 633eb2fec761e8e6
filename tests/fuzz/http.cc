// A request as it comes over a connection: first line, fields and body, parsed by Boost.Beast
// within the limits of the server, then looked at as the server does.
#include "cim/names.h"
#include "fuzz_input.h"
#include "server/limits.h"
#include "server/request_head.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

using namespace reviver;
using namespace reviver::fuzz;
namespace http = boost::beast::http;

// The sizes that the fields say agree with what a door reads.
static void look_at(const server::RequestHead& head) {
    if (!server::is_sound(head)) return;
    const server::HttpRequest request = server::request_of(head, "127.0.0.1");
    expect(request.path.find('?') == std::string::npos, "a path has no query");
    expect(request.fields.size() <= server::limits::header_fields_max, "fields are counted");
    const bool both =
        !request.field("Content-Length").empty() && !request.field("Transfer-Encoding").empty();
    expect(!both, "a length is said in one way");
    server::encoding_in(request.field("Content-Type"), "application/soap+xml");
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(server::limits::header_bytes_max);
    parser.body_limit(server::limits::body_bytes_max);
    boost::beast::error_code error;
    std::size_t at = 0;
    // In two pieces, since a header may end anywhere in what a read gives.
    for (const std::size_t end : {size / 2, size}) {
        while (at < end && !parser.is_done()) {
            const std::size_t taken = parser.put(boost::asio::buffer(data + at, end - at), error);
            if (error && error != http::error::need_more) {
                server::status_for(error);
                server::is_bad_http(error);
                return 0;
            }
            if (taken == 0) break;
            at += taken;
        }
    }
    if (parser.is_header_done()) look_at(parser.get().base());
    if (parser.is_done()) {
        expect(parser.get().body().size() <= size, "a body is no larger than what was sent");
    }
    return 0;
}
