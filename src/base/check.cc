#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace reviver {

void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "invariant broken at %s:%d: %s\n", file, line, condition);
    std::fflush(stderr);
    std::abort();
}

}  // namespace reviver
