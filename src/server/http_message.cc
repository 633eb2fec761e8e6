#include "server/http_message.h"

namespace reviver::server {

std::string_view HttpRequest::field(std::string_view name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

HttpReply plain_reply(unsigned status, std::string_view text) {
    return {status, {{"Content-Type", "text/plain;charset=UTF-8"}}, std::string(text) + "\n"};
}

}  // namespace reviver::server
