// LIKE. With several "%" only the last one that was passed is ever gone back to: what an earlier
// one could take more, the later one can take too.
#include "cim/limits.h"
#include "cim/names.h"
#include "cim/wql_lexer.h"
#include "cim/wql_match.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace reviver::cim::wql {

namespace {

using Characters = std::vector<char32_t>;

// One number for each character of UTF-8; what is none counts byte by byte.
Characters characters_of(std::string_view text) {
    const std::string folded = lower(text);
    Characters result;
    for (const char c : folded) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xc0) == 0x80 && !result.empty())
            result.back() = (result.back() << 6) | (byte & 0x3fu);
        else
            result.push_back(byte);
    }
    return result;
}

struct Piece {
    enum class Kind : std::uint8_t { anything, one_character, set };

    Kind kind = Kind::set;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges;

    bool accepts(char32_t c) const {
        if (kind == Kind::one_character) return true;
        for (const auto& [first, last] : ranges) {
            if (c >= first && c <= last) return !negated;
        }
        return negated;
    }
};

// The set that begins behind `at`, where "[" is; `at` is left on its "]".
Piece read_set(const Characters& pattern, std::size_t& at) {
    Piece set;
    ++at;
    if (at < pattern.size() && pattern[at] == U'^') {
        set.negated = true;
        ++at;
    }
    while (at < pattern.size() && (pattern[at] != U']' || set.ranges.empty())) {
        const char32_t first = pattern[at++];
        char32_t last = first;
        if (at + 1 < pattern.size() && pattern[at] == U'-' && pattern[at + 1] != U']') {
            last = pattern[at + 1];
            at += 2;
        }
        set.ranges.emplace_back(first, last);
    }
    if (at >= pattern.size()) fail_query("a set of LIKE has no end");
    return set;
}

std::vector<Piece> pieces_of(std::string_view text) {
    const Characters pattern = characters_of(text);
    if (pattern.size() > limits::wql_pattern_chars_max) {
        fail_query(fmt::format("a pattern of LIKE has more than {} characters",
                               limits::wql_pattern_chars_max));
    }
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == U'%')
            pieces.push_back({Piece::Kind::anything, false, {}});
        else if (pattern[i] == U'_')
            pieces.push_back({Piece::Kind::one_character, false, {}});
        else if (pattern[i] == U'[')
            pieces.push_back(read_set(pattern, i));
        else
            pieces.push_back({Piece::Kind::set, false, {{pattern[i], pattern[i]}}});
    }
    return pieces;
}

}  // namespace

bool is_like(std::string_view text, std::string_view pattern) {
    const std::vector<Piece> pieces = pieces_of(pattern);
    const Characters characters = characters_of(text);
    std::size_t at = 0, piece = 0;
    std::size_t last_anything = pieces.size(), taken_until = 0;
    while (at < characters.size()) {
        if (piece < pieces.size() && pieces[piece].kind == Piece::Kind::anything) {
            last_anything = piece++;
            taken_until = at;
        } else if (piece < pieces.size() && pieces[piece].accepts(characters[at])) {
            ++piece;
            ++at;
        } else if (last_anything < pieces.size()) {
            piece = last_anything + 1;
            at = ++taken_until;
        } else {
            return false;
        }
    }
    while (piece < pieces.size() && pieces[piece].kind == Piece::Kind::anything) ++piece;
    return piece == pieces.size();
}

}  // namespace reviver::cim::wql
