// Control characters in UTF-8 text: those below U+0020, U+007F, and U+0080 to U+009F, by which text
// from elsewhere would begin lines of its own in a log, or steer a terminal.
#pragma once

#include <string>
#include <string_view>

namespace reviver {

bool has_control_characters(std::string_view text);
// A question mark in the place of each, but for those in `kept`.
std::string without_control_characters(std::string_view text, std::string_view kept = {});

}  // namespace reviver
