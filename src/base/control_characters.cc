#include "base/control_characters.h"

namespace reviver {

namespace {

// How many bytes the control character has that the text begins with; 0 when it begins with none.
std::size_t control_character(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x20 || first == 0x7f) return 1;
    if (first != 0xc2 || text.size() < 2) return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    return second >= 0x80 && second < 0xa0 ? 2 : 0;
}

}  // namespace

bool has_control_characters(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(1))
        if (control_character(text) != 0) return true;
    return false;
}

std::string without_control_characters(std::string_view text, std::string_view kept) {
    std::string result;
    while (!text.empty()) {
        const std::size_t length = control_character(text);
        const bool stays = length == 0 || kept.find(text[0]) != std::string_view::npos;
        result += stays ? text[0] : '?';
        text.remove_prefix(stays ? 1 : length);
    }
    return result;
}

}  // namespace reviver
