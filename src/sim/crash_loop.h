// The power is cut before file change 0, 1, 2, ... of some work, each time on a fresh disk, until a
// run needs no cut. After each cut the machine starts again and the check looks at what is there:
// old or new, complete, and all that was acknowledged.
#pragma once

#include "sim/simulation.h"

#include <functional>

namespace reviver::sim {

// Made anew for each run, so that what `work` notes down for `check` (by reference to something
// they share) starts empty.
struct CrashRun {
    std::function<void(sys::World&)> prepare;  // not cut; may be empty
    std::function<void(sys::World&)> work;
    std::function<void(sys::World&)> check;  // throws, or fails a test, when something is wrong
};

struct CrashOptions {
    std::uint64_t seed = 1;
    // How often each cut is tried, each time with other luck for what was not synced. Every fourth
    // time only the process ends.
    unsigned tries = 4;
    NameRules names = NameRules::journalled;
    std::uint64_t capacity_bytes = 0;  // of the disk; 0: no limit
    bool forgets_syncs = false;        // the disk lies: a mutant
    std::uint64_t every = 1;           // looks at each so-many-th file change only
};

// Answers how many cuts there were. Throws Failure, which says where it was cut and the seed.
std::uint64_t crash_loop(const CrashOptions& options, const std::function<CrashRun()>& make_run);

}  // namespace reviver::sim
