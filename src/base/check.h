// Assertions that stay on in every build. CHECK states an invariant of our own code; when it does
// not hold, the process ends, because running on would risk data. Never CHECK what a disk, a peer
// or a user said: answer that with an Error.
#pragma once

#include <fmt/format.h>

namespace reviver {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace reviver

#define REVIVER_CHECK(condition) \
    ((condition) ? static_cast<void>(0) : ::reviver::check_failed(#condition, __FILE__, __LINE__))
