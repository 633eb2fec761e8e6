// What every fuzz target begins with. A target returns for whatever it is given; what must not
// happen ends the process: a crash, an exception that is no Error, or expect().
#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace reviver::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "not as it must be: %s\n", what);
    std::abort();
}

// Runs `work`, which may refuse its input by an Error.
template <class Work>
void may_refuse(Work work) {
    try {
        work();
    } catch (const Error&) {
        return;
    }
}

}  // namespace reviver::fuzz
