// One line of the audit log (docs/formats/audit.md): a JSON object whose last field is the SHA-256
// of everything before it, and which has the hash of the line before among that. So a line that was
// changed, left out or moved breaks the chain at its place.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace reviver::audit {

// Where the chain is: what the next line continues.
struct Link {
    std::uint64_t number = 0;  // of the last line; 0: none yet
    std::string hash = std::string(64, '0');
    bool operator==(const Link&) const = default;
};

struct Line {
    Link link;
    std::string previous;        // the hash of the line before
    boost::json::object fields;  // all of them
};

// Without the newline. `what` has the fields of the event; number, time, previous and hash are put
// around them.
std::string write_line(const Link& after, const boost::json::object& what);

// Error(corrupt) for what is no line, or one whose hash is not that of its text.
Line parse_line(std::string_view text);

// Whether what is no line can be the beginning of one: a write that was cut off.
bool is_torn(std::string_view text);

std::string sha256_hex(std::string_view text);

}  // namespace reviver::audit
