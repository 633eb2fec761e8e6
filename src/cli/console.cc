#include "cli/console.h"

#include "base/error.h"

#include <istream>
#include <ostream>

namespace reviver::cli {

void Console::print(std::string_view line) const {
    out << line << '\n';
}

void Console::tell(std::string_view line) const {
    err << line << '\n';
}

bool Console::asked(std::string_view question,
                    std::string_view how_to_say_it_without_asking) const {
    if (!can_ask) {
        fail(Code::invalid_parameter, "this needs an answer and there is nobody to ask; {}",
             how_to_say_it_without_asking);
    }
    err << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(in, answer);
    return answer == "y" || answer == "yes" || answer == "Y";
}

}  // namespace reviver::cli
