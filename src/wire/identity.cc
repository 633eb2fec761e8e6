#include "wire/identity.h"

namespace reviver::wire {

namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::string Fingerprint::text() const {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string text;
    for (const std::byte b : hash_) {
        if (!text.empty()) text += ':';
        text += digits[std::to_integer<unsigned>(b) >> 4];
        text += digits[std::to_integer<unsigned>(b) & 15];
    }
    return text;
}

std::optional<Fingerprint> Fingerprint::parse(std::string_view text) {
    text = trimmed(text);
    const bool colons = text.size() == 95;
    if (!colons && text.size() != 64) return std::nullopt;
    const std::size_t step = colons ? 3 : 2;
    Hash hash;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        const int high = digit_of(text[i * step]);
        const int low = digit_of(text[i * step + 1]);
        const bool separated = !colons || i + 1 == hash.size() || text[i * step + 2] == ':';
        if (high < 0 || low < 0 || !separated) return std::nullopt;
        hash[i] = static_cast<std::byte>(high << 4 | low);
    }
    return Fingerprint(hash);
}

}  // namespace reviver::wire
