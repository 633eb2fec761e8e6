#include "server/encrypted_body.h"

#include "base/bytes.h"
#include "base/error.h"
#include "cim/names.h"
#include "server/limits.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace reviver::server {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view boundary = "Encrypted Boundary";

[[noreturn]] void refuse(std::string_view why) {
    fail(Code::protocol, "this is no encrypted message: {}", why);
}

// The value of a parameter of a header field, with or without quotation marks.
std::string_view parameter(std::string_view field, std::string_view name) {
    while (!field.empty()) {
        const auto end = std::min(field.find(';'), field.size());
        const std::string_view one = cim::trim(field.substr(0, end));
        field.remove_prefix(std::min(end + 1, field.size()));
        const auto equals = one.find('=');
        if (equals == one.npos || !cim::same_name(one.substr(0, equals), name)) continue;
        std::string_view value = one.substr(equals + 1);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        return value;
    }
    return {};
}

// What is left of a body, line by line.
class Reader {
  public:
    explicit Reader(std::string_view rest) : rest_(rest) {}

    std::string_view line() {
        const auto end = rest_.substr(0, limits::encrypted_line_chars_max).find(line_end);
        if (end == rest_.npos) refuse("a line has no end");
        const std::string_view found = rest_.substr(0, end);
        rest_.remove_prefix(end + line_end.size());
        return found;
    }
    std::string_view rest() const { return rest_; }

  private:
    std::string_view rest_;
};

// "--NAME", or "-- NAME", which some write.
bool is_delimiter(std::string_view line, std::string_view name) {
    if (!line.starts_with("--")) return false;
    line.remove_prefix(2);
    if (line.starts_with(' ')) line.remove_prefix(1);
    return line == name;
}

std::string_view field_value(std::string_view line, std::string_view name) {
    line = cim::trim(line);
    const auto colon = line.find(':');
    if (colon == line.npos || !cim::same_name(line.substr(0, colon), name)) {
        refuse("a part begins with another field");
    }
    return cim::trim(line.substr(colon + 1));
}

std::size_t parse_length(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
        refuse("its length is no number");
    }
    if (value > limits::body_bytes_max) refuse("it is too long");
    return value;
}

// "type=T;charset=C;Length=N"
void read_original(std::string_view field, EncryptedBody& into) {
    const std::string_view type = parameter(field, "type");
    const std::string_view charset = parameter(field, "charset");
    if (type.empty()) refuse("what is in it has no type");
    into.content_type = std::string(type);
    if (!charset.empty()) into.content_type += ";charset=" + std::string(charset);
    into.length = parse_length(parameter(field, "Length"));
}

std::string_view without_end(std::string_view rest, std::string_view name) {
    if (rest.ends_with(line_end)) rest.remove_suffix(line_end.size());
    for (const char* before : {"--", "-- "}) {
        const std::string end = before + std::string(name) + "--";
        if (rest.ends_with(end)) return rest.substr(0, rest.size() - end.size());
    }
    refuse("it does not end");
}

}  // namespace

bool is_encrypted(std::string_view content_type) {
    const auto end = std::min(content_type.find(';'), content_type.size());
    return cim::same_name(cim::trim(content_type.substr(0, end)), "multipart/encrypted");
}

EncryptedBody parse_encrypted(std::string_view content_type, std::string_view body) {
    const std::string_view name = parameter(content_type, "boundary");
    const std::string_view protocol = parameter(content_type, "protocol");
    if (!is_encrypted(content_type) || name.empty() || name.size() > 70) {
        refuse("its header names no boundary");
    }
    EncryptedBody result;
    Reader reader(body);
    if (!is_delimiter(reader.line(), name)) refuse("it does not begin");
    const std::string_view first = reader.line();
    result.with_tabs = first.starts_with('\t');
    if (!cim::same_name(field_value(first, "Content-Type"), protocol)) {
        refuse("it was sealed in another way than its header says");
    }
    read_original(field_value(reader.line(), "OriginalContent"), result);
    if (!is_delimiter(reader.line(), name)) refuse("its second part is missing");
    if (!cim::same_name(field_value(reader.line(), "Content-Type"), "application/octet-stream")) {
        refuse("its second part is something else");
    }
    std::string_view sealed = without_end(reader.rest(), name);
    if (sealed.size() < 4) refuse("its second part is too short");
    const auto header_bytes = load_le<std::uint32_t>(bytes_of(sealed).data());
    sealed.remove_prefix(4);
    if (header_bytes == 0) refuse("what is sealed has no header");
    if (header_bytes > sealed.size() || header_bytes > limits::encrypted_header_bytes_max) {
        refuse("its second part is shorter than it says");
    }
    result.header = std::string(sealed.substr(0, header_bytes));
    result.data = std::string(sealed.substr(header_bytes));
    return result;
}

std::string encrypted_content_type(std::string_view protocol) {
    return fmt::format("multipart/encrypted;protocol=\"{}\";boundary=\"{}\"", protocol, boundary);
}

std::string write_encrypted(const EncryptedBody& body, std::string_view protocol) {
    const char* tab = body.with_tabs ? "\t" : "";
    std::string text = fmt::format(
        "--{0}\r\n{1}Content-Type: {2}\r\n{1}OriginalContent: type={3};Length={4}\r\n"
        "--{0}\r\n{1}Content-Type: application/octet-stream\r\n",
        boundary, tab, protocol, body.content_type, body.length);
    std::array<std::byte, 4> header_bytes{};
    store_le(header_bytes.data(), static_cast<std::uint32_t>(body.header.size()));
    text += text_of(header_bytes);
    text += body.header;
    text += body.data;
    return text + fmt::format("--{}--\r\n", boundary);
}

}  // namespace reviver::server
