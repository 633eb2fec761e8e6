// The command line of reviverd(8).
#pragma once

#include "base/log.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace reviver::daemon {

struct Options {
    std::filesystem::path config;
    bool check_only = false;
    std::optional<level_enum> log_level;  // instead of the configuration's
    bool help = false;
    bool version = false;
};

inline constexpr const char* usage_text =
    "Usage: reviverd --config FILE [--check] [--log-level error|warning|info|debug]\n"
    "       reviverd --help | --version\n"
    "\n"
    "Runs a Reviver site in the foreground and logs to stderr. reviverd(8), reviver.toml(5)\n"
    "  --config FILE      the configuration, as `reviver init` made it\n"
    "  --check            check the configuration and what it names, and end\n"
    "  --log-level LEVEL  instead of what the configuration says\n";

// `arguments` without the name of the program. Error(invalid_parameter) says what is wrong.
Options parse_options(const std::vector<std::string>& arguments);

}  // namespace reviver::daemon
