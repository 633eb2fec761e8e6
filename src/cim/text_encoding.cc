#include "cim/text_encoding.h"

#include "base/error.h"

#include <array>

namespace reviver::cim {

namespace {

constexpr std::string_view utf8_mark = "\xef\xbb\xbf";
constexpr std::string_view utf16_le_mark = "\xff\xfe";
constexpr std::string_view utf16_be_mark = "\xfe\xff";

[[noreturn]] void not_in(std::string_view encoding) {
    fail(Code::protocol, "the text is not in {}", encoding);
}

class Utf16Reader {
  public:
    Utf16Reader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_(big_endian) {
        if (bytes.size() % 2 != 0) not_in("UTF-16");
    }
    bool at_end() const { return at_ >= bytes_.size(); }

    std::uint32_t next() {
        const std::uint32_t first = unit();
        if (first < 0xd800 || first > 0xdfff) return first;
        if (first > 0xdbff || at_end()) not_in("UTF-16");
        const std::uint32_t second = unit();
        if (second < 0xdc00 || second > 0xdfff) not_in("UTF-16");
        return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }

  private:
    std::uint32_t unit() {
        const auto low = static_cast<unsigned char>(bytes_[at_ + (big_ ? 1 : 0)]);
        const auto high = static_cast<unsigned char>(bytes_[at_ + (big_ ? 0 : 1)]);
        at_ += 2;
        return static_cast<std::uint32_t>(high << 8 | low);
    }

    std::string_view bytes_;
    bool big_;
    std::size_t at_ = 0;
};

void append_utf16(std::string& out, std::uint32_t unit, bool big_endian) {
    const char low = static_cast<char>(unit & 0xff);
    const char high = static_cast<char>(unit >> 8);
    out += big_endian ? high : low;
    out += big_endian ? low : high;
}

}  // namespace

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
        return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr std::array<unsigned, 4> lead = {0, 0xc0, 0xe0, 0xf0};
    out += static_cast<char>(lead[static_cast<std::size_t>(more)] | code >> (6 * more));
    for (int i = more - 1; i >= 0; --i) {
        out += static_cast<char>(0x80 | (code >> (6 * i) & 0x3f));
    }
}

std::uint32_t take_utf8(std::string_view& bytes) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned lead = byte(0);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || bytes.size() < length) return no_character;
    std::uint32_t code = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return no_character;
        code = code << 6 | (byte(i) & 0x3f);
    }
    constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return no_character;
    }
    bytes.remove_prefix(length);
    return code;
}

Encoding detect_encoding(std::string_view bytes) {
    if (bytes.starts_with(utf16_le_mark)) return Encoding::utf16_le;
    if (bytes.starts_with(utf16_be_mark)) return Encoding::utf16_be;
    if (bytes.size() >= 2 && bytes[0] == '<' && bytes[1] == '\0') return Encoding::utf16_le;
    if (bytes.size() >= 2 && bytes[0] == '\0' && bytes[1] == '<') return Encoding::utf16_be;
    return Encoding::utf8;
}

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        if (take_utf8(bytes) == no_character) return false;
    }
    return true;
}

std::string to_utf8(std::string_view bytes, Encoding encoding) {
    if (encoding == Encoding::utf8) {
        if (bytes.starts_with(utf8_mark)) bytes.remove_prefix(utf8_mark.size());
        if (!is_utf8(bytes)) not_in("UTF-8");
        return std::string(bytes);
    }
    const bool big = encoding == Encoding::utf16_be;
    if (bytes.starts_with(big ? utf16_be_mark : utf16_le_mark)) bytes.remove_prefix(2);
    std::string out;
    for (Utf16Reader reader(bytes, big); !reader.at_end();) append_utf8(out, reader.next());
    return out;
}

std::string from_utf8(std::string_view utf8, Encoding encoding) {
    if (encoding == Encoding::utf8) return std::string(utf8);
    const bool big = encoding == Encoding::utf16_be;
    std::string out(big ? utf16_be_mark : utf16_le_mark);
    while (!utf8.empty()) {
        const std::uint32_t code = take_utf8(utf8);
        if (code == no_character) not_in("UTF-8");
        if (code < 0x10000) {
            append_utf16(out, code, big);
        } else {
            append_utf16(out, 0xd800 + ((code - 0x10000) >> 10), big);
            append_utf16(out, 0xdc00 + ((code - 0x10000) & 0x3ff), big);
        }
    }
    return out;
}

}  // namespace reviver::cim
