// Where a command writes to and asks at. Results go to `out`, progress and questions to `err`, so
// that results can be piped.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace reviver::cli {

struct Console {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool can_ask = false;         // somebody sits at `in`
    bool shows_progress = false;  // `err` is a terminal
    bool json = false;

    void print(std::string_view line) const;  // to `out`, with an end of line
    void tell(std::string_view line) const;   // to `err`, with an end of line
    // A line that is not shown while it is typed. Error(invalid_parameter) when nobody can be
    // asked.
    std::string secret(std::string_view prompt,
                       std::string_view how_to_say_it_without_asking) const;
    // "y" or "yes" is consent, anything else and the end of input are not. Error(invalid_parameter)
    // when nobody can be asked.
    bool asked(std::string_view question, std::string_view how_to_say_it_without_asking) const;

  private:
    void require_somebody(std::string_view how_to_say_it_without_asking) const;
};

}  // namespace reviver::cli
