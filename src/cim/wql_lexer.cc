#include "cim/wql_lexer.h"

#include "cim/cim_error.h"
#include "cim/names.h"

#include <fmt/format.h>

namespace reviver::cim::wql {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

}  // namespace

void fail_query(std::string_view why) {
    throw CimError(Status::invalid_query, fmt::format("the query cannot be read: {}", why));
}

bool Token::is(std::string_view symbol_or_keyword) const {
    return (kind == Kind::name || kind == Kind::symbol) && same_name(text, symbol_or_keyword);
}

Token Lexer::next() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_[0]) != rest_.npos) {
        rest_.remove_prefix(1);
    }
    if (rest_.empty()) return {};
    const char c = rest_[0];
    if (is_name_start(c)) return name();
    const bool sign = (c == '-' || c == '+') && rest_.size() > 1 && is_digit(rest_[1]);
    if (is_digit(c) || sign) return number();
    if (c == '"' || c == '\'') return quoted(c);
    if (c == '{') return object();
    return symbol();
}

Token Lexer::name() {
    std::size_t length = 1;
    while (length < rest_.size() && (is_name_start(rest_[length]) || is_digit(rest_[length]))) {
        ++length;
    }
    Token token{Token::Kind::name, std::string(rest_.substr(0, length))};
    rest_.remove_prefix(length);
    return token;
}

Token Lexer::number() {
    std::size_t length = 1;
    while (length < rest_.size() && (is_digit(rest_[length]) ||
                                     std::string_view(".eExX").find(rest_[length]) != rest_.npos)) {
        ++length;
    }
    Token token{Token::Kind::number, std::string(rest_.substr(0, length))};
    rest_.remove_prefix(length);
    return token;
}

// A backslash takes away the meaning of what follows; a quote that comes twice stands for one.
Token Lexer::quoted(char quote) {
    Token token{Token::Kind::text, {}};
    for (std::size_t i = 1; i < rest_.size(); ++i) {
        const bool twice = rest_[i] == quote && i + 1 < rest_.size() && rest_[i + 1] == quote;
        const bool escape = rest_[i] == '\\' && i + 1 < rest_.size();
        if (rest_[i] == quote && !twice) {
            rest_.remove_prefix(i + 1);
            return token;
        }
        if (twice || escape) ++i;
        token.text += rest_[i];
    }
    fail_query("a string has no end");
}

// An object path may hold braces within its quotes.
Token Lexer::object() {
    char quote = 0;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
        const char c = rest_[i];
        if (quote && c == '\\')
            ++i;
        else if (quote ? c == quote : (c == '"' || c == '\''))
            quote = quote ? char{0} : c;
        else if (!quote && c == '}') {
            Token token{Token::Kind::object, std::string(rest_.substr(1, i - 1))};
            rest_.remove_prefix(i + 1);
            return token;
        }
    }
    fail_query("an object path has no end");
}

Token Lexer::symbol() {
    for (const std::string_view one : {"<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "*"}) {
        if (!rest_.starts_with(one)) continue;
        rest_.remove_prefix(one.size());
        return {Token::Kind::symbol, std::string(one)};
    }
    fail_query(fmt::format("nothing begins with '{}'", rest_[0] < ' ' ? '?' : rest_[0]));
}

}  // namespace reviver::cim::wql
