// Checks the chain of an audit log. What it can find: every change, loss and exchange of lines
// between the first and the last one that are there. What it cannot: that lines are missing at the
// end, or that somebody wrote the whole chain anew. Against both, the last hash is noted elsewhere
// from time to time and given to `must_contain`.
#pragma once

#include "audit/line.h"

#include <filesystem>
#include <string>
#include <vector>

namespace reviver::audit {

struct Verdict {
    std::uint64_t lines = 0;
    Link before;  // what the first line continues; number 0: it begins the log
    Link last;
    std::uint64_t torn_lines = 0;    // cut off by a crash, and sealed
    bool torn_end = false;           // cut off, not sealed yet: the daemon has not run since
    bool contains_expected = false;  // the hash that was asked for is that of a line
};

// Of these files, one chain through all. Error(corrupt) as "FILE:LINE: what is wrong".
Verdict verify(const std::vector<std::filesystem::path>& files, const std::string& expected = {});

}  // namespace reviver::audit
