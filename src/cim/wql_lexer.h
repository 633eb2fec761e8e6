// The words of a WQL query. CimError invalid_query for text that is none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reviver::cim::wql {

struct Token {
    enum class Kind : std::uint8_t { end, name, number, text, object, symbol };

    Kind kind = Kind::end;
    std::string text;  // of `text` and `object` without what stands around it, escapes resolved

    bool is(std::string_view symbol_or_keyword) const;
};

class Lexer {
  public:
    explicit Lexer(std::string_view query) : rest_(query) {}
    Token next();

  private:
    Token name();
    Token number();
    Token quoted(char quote);
    Token object();
    Token symbol();

    std::string_view rest_;
};

[[noreturn]] void fail_query(std::string_view why);

}  // namespace reviver::cim::wql
