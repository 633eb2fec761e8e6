#include "cli/console.h"

#include "base/error.h"

#include <termios.h>
#include <unistd.h>

#include <istream>
#include <ostream>

namespace reviver::cli {
namespace {

// The terminal shows nothing that is typed, while this lives. Nothing where there is no terminal.
class NoEcho {
  public:
    NoEcho() : on_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        if (on_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ~NoEcho() {
        if (on_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;

  private:
    termios before_{};
    bool on_terminal_;
};

}  // namespace

void Console::print(std::string_view line) const {
    out << line << '\n';
}

void Console::tell(std::string_view line) const {
    err << line << '\n';
}

void Console::require_somebody(std::string_view how_to_say_it_without_asking) const {
    if (can_ask) return;
    fail(Code::invalid_parameter, "this needs an answer and there is nobody to ask; {}",
         how_to_say_it_without_asking);
}

std::string Console::secret(std::string_view prompt,
                            std::string_view how_to_say_it_without_asking) const {
    require_somebody(how_to_say_it_without_asking);
    err << prompt << std::flush;
    std::string answer;
    {
        NoEcho quiet;
        std::getline(in, answer);
    }
    err << '\n';
    return answer;
}

bool Console::asked(std::string_view question,
                    std::string_view how_to_say_it_without_asking) const {
    require_somebody(how_to_say_it_without_asking);
    err << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(in, answer);
    return answer == "y" || answer == "yes" || answer == "Y";
}

}  // namespace reviver::cli
