#include "daemon/options.h"

#include "base/error.h"
#include "site/config.h"

namespace reviver::daemon {
namespace {

// "--name=value" or "--name" with the next argument.
std::optional<std::string> value_of(const std::string& name,
                                    const std::vector<std::string>& arguments, std::size_t& at) {
    const std::string& argument = arguments[at];
    if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
    if (argument != name) return std::nullopt;
    if (at + 1 == arguments.size()) fail(Code::invalid_parameter, "{} needs a value", name);
    return arguments[++at];
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        if (arguments[at] == "--check") {
            options.check_only = true;
        } else if (arguments[at] == "--help") {
            options.help = true;
        } else if (arguments[at] == "--version") {
            options.version = true;
        } else if (auto file = value_of("--config", arguments, at)) {
            options.config = *file;
        } else if (auto level = value_of("--log-level", arguments, at)) {
            options.log_level = site::parse_log_level(*level);
        } else {
            fail(Code::invalid_parameter, "\"{}\" is no option", arguments[at]);
        }
    }
    if (options.config.empty() && !options.help && !options.version) {
        fail(Code::invalid_parameter, "--config FILE is needed");
    }
    return options;
}

}  // namespace reviver::daemon
