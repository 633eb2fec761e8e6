// reviver-sim: runs simulated transfers, one line each, until one breaks a promise.
//     reviver-sim --seeds 200 --first 1
//     reviver-sim --seeds 1 --first 42 --loud 1     prints what happens
#include "sim/scheduler.h"
#include "sim/transfer.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

// The number after the option `name`, or `otherwise`.
std::uint64_t option(int argc, char** argv, std::string_view name, std::uint64_t otherwise) {
    for (int i = 1; i + 1 < argc; ++i) {
        if (argv[i] != name) continue;
        std::uint64_t value = 0;
        std::from_chars(argv[i + 1], argv[i + 1] + std::strlen(argv[i + 1]), value);
        return value;
    }
    return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t first = option(argc, argv, "--first", 1);
    const std::uint64_t count = option(argc, argv, "--seeds", 100);
    const bool loud = option(argc, argv, "--loud", 0) != 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        try {
            const auto result = reviver::sim::run_transfer(seed, {.loud = loud});
            fmt::print("seed {}: {}\n", seed, result.text());
            std::fflush(stdout);
        } catch (const reviver::sim::Failure& failure) {
            fmt::print("{}\nrepeat it with: reviver-sim --first {} --seeds 1\n", failure.what(),
                       seed);
            return 1;
        }
    }
    return 0;
}
