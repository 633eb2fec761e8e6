// The log: lines on stderr, one event a line, for journald. log_info("cycle {} of {}", n, name).
#pragma once

#include <spdlog/spdlog.h>

namespace reviver {

using spdlog::level::level_enum;

// Writes to stderr with the priority prefix that journald reads ("<6>") when `for_journal`, else
// with time and level.
void set_up_log(level_enum level, bool for_journal);

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
    spdlog::debug(format, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
    spdlog::info(format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
    spdlog::warn(format, std::forward<Args>(args)...);
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
    spdlog::error(format, std::forward<Args>(args)...);
}

}  // namespace reviver
