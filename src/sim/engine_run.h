// A scenario: two sites with the whole replication engine, model machines below them, guests that
// write, a person who asks for everything at any time, and faults: connections break, sites are
// partitioned, killed, stopped, lose power and run out of space. Every point of either store has to
// be the group at one moment; at most the side that may runs the VMs; at the end the faults stop,
// somebody sensible finishes what was begun, and the group must replicate again.
#pragma once

#include "sim/engine_mutant.h"

#include <array>
#include <cstdint>
#include <string>

namespace reviver::sim {

struct EngineRunResult {
    std::uint64_t points = 0;    // acknowledged
    std::uint64_t faults = 0;    // injected
    std::uint64_t requests = 0;  // asked of the engines
    std::uint64_t epoch = 0;     // at the end; grows with each change of roles
    std::uint64_t trace_hash = 0;
    std::string text() const;
};

struct EngineRunOptions {
    EngineMutant mutant = EngineMutant::none;
    bool loud = false;  // prints what happens
};

// Throws Failure when a promise was broken.
EngineRunResult run_engines(std::uint64_t seed, const EngineRunOptions& options = {});

}  // namespace reviver::sim
