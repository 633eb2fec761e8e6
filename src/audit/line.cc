#include "audit/line.h"

#include "audit/limits.h"
#include "base/bytes.h"
#include "base/error.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <openssl/evp.h>

#include <array>
#include <chrono>

namespace reviver::audit {

namespace {

constexpr std::string_view hash_field = ",\"hash\":\"";
constexpr std::size_t hash_chars = 64;
constexpr std::string_view line_end = "\"}";

std::string now_text() {
    const auto now =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", now);
}

[[noreturn]] void no_line(std::string_view why) {
    fail(Code::corrupt, "this is no line of an audit log: {}", why);
}

}  // namespace

std::string sha256_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
        fail(Code::failed, "SHA-256 cannot be computed");
    }
    return to_hex({reinterpret_cast<const std::byte*>(digest.data()), length});
}

std::string write_line(const Link& after, const boost::json::object& what) {
    boost::json::object fields{{"n", after.number + 1}, {"time", now_text()}};
    for (const auto& field : what) fields[field.key()] = field.value();
    fields["previous"] = after.hash;
    std::string text = boost::json::serialize(fields);
    text.pop_back();
    const std::string hash = sha256_hex(text);
    return text + std::string(hash_field) + hash + std::string(line_end);
}

bool is_torn(std::string_view text) {
    return !text.ends_with(line_end);
}

Line parse_line(std::string_view text) {
    constexpr std::size_t tail = hash_field.size() + hash_chars + line_end.size();
    if (text.size() < tail || text.size() > limits::line_bytes_max) no_line("its length");
    const std::string_view hashed = text.substr(0, text.size() - tail);
    const std::string_view hash = text.substr(hashed.size() + hash_field.size(), hash_chars);
    if (text.substr(hashed.size(), hash_field.size()) != hash_field) no_line("it has no hash");
    if (sha256_hex(hashed) != hash) no_line("its hash is not that of its text");
    boost::json::error_code error;
    const auto parsed = boost::json::parse(std::string(text), error);
    if (error || !parsed.is_object()) no_line("it is no JSON object");
    const auto& fields = parsed.as_object();
    const auto* number = fields.if_contains("n");
    const auto* previous = fields.if_contains("previous");
    if (!number || !number->is_int64() || number->as_int64() < 1) no_line("it has no number");
    if (!previous || !previous->is_string()) no_line("it names no line before");
    return {{static_cast<std::uint64_t>(number->as_int64()), std::string(hash)},
            std::string(previous->as_string()),
            fields};
}

}  // namespace reviver::audit
