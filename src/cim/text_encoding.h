// The two encodings that clients use, at the edge: inside everything is UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reviver::cim {

enum class Encoding : std::uint8_t { utf8, utf16_le, utf16_be };

// From a byte order mark, or from the zero bytes beside the first '<' of a document.
Encoding detect_encoding(std::string_view bytes);
// Without byte order mark. Error(protocol) when the bytes are not in that encoding.
std::string to_utf8(std::string_view bytes, Encoding encoding);
// UTF-16 gets a byte order mark, UTF-8 none.
std::string from_utf8(std::string_view utf8, Encoding encoding);
bool is_utf8(std::string_view bytes);

// Takes one character off the front of bytes that are not empty; no_character, and nothing is
// taken, when they do not begin with one.
constexpr std::uint32_t no_character = 0xffffffff;
std::uint32_t take_utf8(std::string_view& bytes);
// A character: no surrogate, at most 0x10ffff.
void append_utf8(std::string& out, std::uint32_t character);

}  // namespace reviver::cim
