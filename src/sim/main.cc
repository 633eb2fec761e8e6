// reviver-sim: runs simulated sites, one line a seed, until one breaks a promise.
#include "sim/engine_run.h"
#include "sim/scheduler.h"
#include "sim/transfer.h"

#include <fmt/format.h>

#include <algorithm>
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

constexpr const char* usage =
    "reviver-sim [--engine] [--first SEED] [--seeds COUNT] [--loud 1]\n"
    "Runs simulated sites, one line a seed, and ends with 1 at the first that breaks a promise.\n"
    "  without --engine  a primary brings points to a store, over the wire, with faults\n"
    "  --engine          both sites with the whole replication engine: failovers, reverses, "
    "faults\n"
    "  --first SEED      the first seed; 1 unless told\n"
    "  --seeds COUNT     how many; 100 unless told\n"
    "  --loud 1          prints what happens\n";

bool has(int argc, char** argv, std::string_view name) {
    return std::find(argv + 1, argv + argc, name) != argv + argc;
}

}  // namespace

int main(int argc, char** argv) {
    if (has(argc, argv, "--help")) {
        fmt::print("{}", usage);
        return 0;
    }
    const std::uint64_t first = option(argc, argv, "--first", 1);
    const std::uint64_t count = option(argc, argv, "--seeds", 100);
    const bool loud = option(argc, argv, "--loud", 0) != 0;
    const bool engine = has(argc, argv, "--engine");
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        try {
            const std::string text = engine
                                         ? reviver::sim::run_engines(seed, {.loud = loud}).text()
                                         : reviver::sim::run_transfer(seed, {.loud = loud}).text();
            fmt::print("seed {}: {}\n", seed, text);
            std::fflush(stdout);
        } catch (const reviver::sim::Failure& failure) {
            fmt::print("{}\nrepeat it with: reviver-sim {}--first {} --seeds 1\n", failure.what(),
                       engine ? "--engine " : "", seed);
            return 1;
        }
    }
    return 0;
}
