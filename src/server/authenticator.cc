#include "server/authenticator.h"

#include <openssl/evp.h>

namespace reviver::server {

Authentication accepted_login(cim::Principal who) {
    return {std::move(who), {}, {}, {}};
}

Authentication refused_login(std::string_view as, std::string_view why) {
    return {std::nullopt, as.empty() ? "?" : std::string(as), std::string(why), {}};
}

std::vector<std::string> Authenticator::challenges(const Connection& connection) const {
    std::string one = challenge(connection);
    if (one.empty()) return {};
    return {std::move(one)};
}

Authentication AnyOf::authenticate(const HttpRequest& header, Connection& connection) {
    for (const auto& scheme : schemes_) {
        Authentication result = scheme->authenticate(header, connection);
        if (result.who || !result.refused_as.empty() || !result.token.empty()) return result;
    }
    return {};
}

std::string AnyOf::challenge(const Connection& connection) const {
    for (const auto& scheme : schemes_) {
        if (std::string one = scheme->challenge(connection); !one.empty()) return one;
    }
    return "";
}

std::vector<std::string> AnyOf::challenges(const Connection& connection) const {
    std::vector<std::string> all;
    for (const auto& scheme : schemes_) {
        for (std::string& one : scheme->challenges(connection)) all.push_back(std::move(one));
    }
    return all;
}

std::string scheme_of(std::string_view authorization) {
    return cim::lower(authorization.substr(0, authorization.find(' ')));
}

std::optional<std::string> decode_base64(std::string_view text, std::size_t chars_max) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > chars_max) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

std::string encode_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

}  // namespace reviver::server
