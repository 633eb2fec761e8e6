// The words of MOF (DSP0221 annex A): names, numbers, strings, marks. Comments are skipped;
// adjacent strings are one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reviver::cim {

enum class MofWord : std::uint8_t { name, number, real, string, character, mark, pragma, end };

struct MofToken {
    MofWord word = MofWord::end;
    std::string text;  // of a string: what it says; of a number: decimal digits with sign
    int line = 1;
};

class MofLexer {
  public:
    MofLexer(std::string file, std::string_view text);

    const MofToken& peek() const { return token_; }
    MofToken take();
    // Error(invalid_parameter) with file and line.
    [[noreturn]] void fail_here(std::string_view why) const;

  private:
    void advance();
    void skip_space();
    void skip_line();
    bool skip_block_comment();
    void read_name();
    void read_number();
    void read_radix(std::string_view digits, int base);
    void read_strings();
    void read_one_string(char quote);
    void append_escape();
    unsigned escaped_character();
    unsigned escaped_unit();
    char at(std::size_t offset) const;

    std::string file_;
    std::string_view text_;
    std::size_t position_ = 0;
    int line_ = 1;
    MofToken token_;
};

}  // namespace reviver::cim
