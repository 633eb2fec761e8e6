// reviver: the command of an administrator. A client of a site's management door, without logic of
// its own.

#include "cli/commands.h"

#include <unistd.h>

#include <csignal>
#include <iostream>

int main(int argc, char** argv) {
    using namespace reviver::cli;
    std::signal(SIGPIPE, SIG_IGN);
    Parsed parsed = parse_arguments(std::vector<std::string>(argv + 1, argv + argc));
    if (!parsed.arguments) {
        (parsed.exit_code == exit_ok ? std::cout : std::cerr) << parsed.text;
        return parsed.exit_code;
    }
    Console console{std::cin, std::cout, std::cerr};
    console.can_ask = isatty(STDIN_FILENO) != 0;
    console.shows_progress = isatty(STDERR_FILENO) != 0;
    console.json = parsed.arguments->json;
    return run_command(*parsed.arguments, console);
}
