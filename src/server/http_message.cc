#include "server/http_message.h"

#include <algorithm>

namespace reviver::server {

std::string_view HttpRequest::field(std::string_view name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<cim::Encoding> encoding_in(std::string_view content_type,
                                         std::string_view media_type) {
    const auto end = std::min(content_type.find(';'), content_type.size());
    if (!cim::same_name(cim::trim(content_type.substr(0, end)), media_type)) return std::nullopt;
    const std::string parameters = cim::lower(content_type.substr(end));
    const auto at = parameters.find("charset=");
    if (at == std::string::npos) return cim::Encoding::utf8;
    std::string charset = parameters.substr(at + 8, parameters.find(';', at) - at - 8);
    std::erase_if(charset, [](char c) { return c == '"' || c == '\'' || c == ' '; });
    if (charset == "utf-8" || charset == "utf8") return cim::Encoding::utf8;
    if (charset == "utf-16" || charset == "utf-16le") return cim::Encoding::utf16_le;
    if (charset == "utf-16be") return cim::Encoding::utf16_be;
    return std::nullopt;
}

HttpReply plain_reply(unsigned status, std::string_view text) {
    return {status, {{"Content-Type", "text/plain;charset=UTF-8"}}, std::string(text) + "\n"};
}

}  // namespace reviver::server
