// A request and a reply as the doors see them: HTTP without connections.
#pragma once

#include "cim/names.h"
#include "cim/text_encoding.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::server {

using HttpFields =
    std::map<std::string, std::string, cim::NameLess>;  // names without regard to case

struct HttpRequest {
    std::string method;  // "POST"
    std::string path;    // without query
    std::string query;
    HttpFields fields;  // a field that came twice holds both, joined by ", "
    std::string body;
    std::string peer_address;  // "127.0.0.1"

    std::string_view field(std::string_view name) const;  // empty when it is not there
};

class BodyStream;

struct HttpReply {
    unsigned status = 200;
    HttpFields fields;  // without Content-Length
    std::string body;
    std::vector<std::string> challenges = {};  // WWW-Authenticate, a line each
    // Not null: the body goes on with what is pushed there (server/body_stream.h), and the
    // connection ends with it.
    std::shared_ptr<BodyStream> stream = nullptr;
    std::string sign_of_life = {};  // pushed into a silent stream, so that a dead reader is noticed
};

// The charset of a Content-Type, UTF-8 when it names none: nullopt when the content is not of
// `media_type`, or in no encoding that is served.
std::optional<cim::Encoding> encoding_in(std::string_view content_type,
                                         std::string_view media_type);

HttpReply plain_reply(unsigned status, std::string_view text);

}  // namespace reviver::server
