#include "cim/mof_lexer.h"

#include "base/error.h"
#include "cim/limits.h"
#include "cim/names.h"
#include "cim/text_encoding.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

namespace reviver::cim {

namespace {

bool begins_name(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool in_name(char c) {
    return begins_name(c) || is_digit(c);
}

bool is_high_surrogate(unsigned unit) {
    return unit >= 0xd800 && unit <= 0xdbff;
}
bool is_low_surrogate(unsigned unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

}  // namespace

MofLexer::MofLexer(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {
    if (text.size() > limits::mof_bytes_max) {
        fail_here(fmt::format("a file has at most {} bytes", limits::mof_bytes_max));
    }
    if (text_.starts_with("\xef\xbb\xbf")) position_ = 3;
    advance();
}

void MofLexer::fail_here(std::string_view why) const {
    fail(Code::invalid_parameter, "{}:{}: {}", file_, token_.line, why);
}

MofToken MofLexer::take() {
    MofToken taken = std::move(token_);
    advance();
    return taken;
}

char MofLexer::at(std::size_t offset) const {
    return position_ + offset < text_.size() ? text_[position_ + offset] : '\0';
}

void MofLexer::advance() {
    token_ = MofToken{};
    skip_space();
    token_.line = line_;
    if (position_ >= text_.size()) return;
    const char c = at(0);
    if (begins_name(c)) return read_name();
    if (is_digit(c) || ((c == '-' || c == '+') && is_digit(at(1)))) return read_number();
    if (c == '"') return read_strings();
    if (c == '\'') {
        token_.word = MofWord::character;
        return read_one_string('\'');
    }
    token_.word = c == '#' ? MofWord::pragma : MofWord::mark;
    token_.text = c;
    ++position_;
}

void MofLexer::skip_space() {
    while (position_ < text_.size()) {
        const char c = at(0);
        if (c == '\n') ++line_;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            ++position_;
        } else if (c == '/' && at(1) == '/') {
            skip_line();
        } else if (!skip_block_comment()) {
            return;
        }
    }
}

void MofLexer::skip_line() {
    while (position_ < text_.size() && at(0) != '\n') ++position_;
}

bool MofLexer::skip_block_comment() {
    if (at(0) != '/' || at(1) != '*') return false;
    const auto end = text_.find("*/", position_ + 2);
    token_.line = line_;
    if (end == std::string_view::npos) fail_here("the comment has no end");
    for (; position_ < end + 2; ++position_) {
        if (at(0) == '\n') ++line_;
    }
    return true;
}

void MofLexer::read_name() {
    token_.word = MofWord::name;
    while (in_name(at(0))) token_.text += text_[position_++];
}

void MofLexer::read_number() {
    const std::size_t start = position_;
    if (at(0) == '-' || at(0) == '+') ++position_;
    const auto in_number = [](char c) { return in_name(c) || c == '.'; };
    while (in_number(at(0)) || ((at(0) == '-' || at(0) == '+') &&
                                (text_[position_ - 1] == 'e' || text_[position_ - 1] == 'E'))) {
        ++position_;
    }
    const std::string_view text = text_.substr(start, position_ - start);
    token_.word = MofWord::number;
    token_.text = text;
    const std::string_view last = text.substr(text.size() - 1);
    if (text.starts_with("0x") || text.starts_with("0X")) return read_radix(text.substr(2), 16);
    if (same_name(last, "b")) return read_radix(text.substr(0, text.size() - 1), 2);
    if (text.find_first_of(".eE") != std::string_view::npos) token_.word = MofWord::real;
}

void MofLexer::read_radix(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size()) fail_here("no number");
    token_.text = fmt::format("{}", value);
}

void MofLexer::read_strings() {
    token_.word = MofWord::string;
    while (at(0) == '"') {
        read_one_string('"');
        skip_space();
    }
}

void MofLexer::read_one_string(char quote) {
    ++position_;
    while (position_ < text_.size() && at(0) != quote && at(0) != '\n') {
        if (at(0) == '\\')
            append_escape();
        else
            token_.text += text_[position_++];
    }
    if (at(0) != quote) fail_here("the string is not closed");
    ++position_;
}

void MofLexer::append_escape() {
    const char c = at(1);
    position_ += 2;
    switch (c) {
        case 'b':
            token_.text += '\b';
            return;
        case 't':
            token_.text += '\t';
            return;
        case 'n':
            token_.text += '\n';
            return;
        case 'f':
            token_.text += '\f';
            return;
        case 'r':
            token_.text += '\r';
            return;
        case '"':
        case '\'':
        case '\\':
            token_.text += c;
            return;
        default:
            break;
    }
    if (c != 'x' && c != 'X') fail_here("the string has an escape that does not exist");
    append_utf8(token_.text, escaped_character());
}

// What lies beyond four digits is written as its two units in UTF-16. One of them alone is no
// character: text with it would be nobody's UTF-8.
unsigned MofLexer::escaped_character() {
    const unsigned first = escaped_unit();
    if (!is_high_surrogate(first) && !is_low_surrogate(first)) return first;
    const bool another = at(0) == '\\' && (at(1) == 'x' || at(1) == 'X');
    unsigned second = 0;
    if (is_high_surrogate(first) && another) {
        position_ += 2;
        second = escaped_unit();
    }
    if (!is_low_surrogate(second)) fail_here("the string has an escape of half a character");
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

unsigned MofLexer::escaped_unit() {
    std::size_t count = 0;
    unsigned code = 0;
    while (count < 4 && std::isxdigit(static_cast<unsigned char>(at(0)))) {
        const char digit = at(0);
        code = code * 16 +
               static_cast<unsigned>(is_digit(digit) ? digit - '0' : (digit | 32) - 'a' + 10);
        ++count;
        ++position_;
    }
    if (count == 0 || code == 0) fail_here("the string has an escape that does not exist");
    return code;
}

}  // namespace reviver::cim
