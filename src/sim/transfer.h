// A scenario: a primary site brings points of a busy group to the store of a recovery site, over
// the wire, while connections break, sites are partitioned, killed, lose power and run out of
// space. The recovery site checks its whole store at each start; at the end the faults stop and one
// more point must come across.
#pragma once

#include "sim/primary.h"

#include <cstdint>
#include <string>

namespace reviver::sim {

struct TransferResult {
    std::uint64_t points = 0;  // acknowledged
    std::uint64_t faults = 0;  // injected
    std::uint64_t trace_hash = 0;
    std::string text() const;
};

struct TransferOptions {
    Mutant mutant = Mutant::none;
    bool loud = false;  // prints what happens
};

// Throws Failure when a promise was broken.
TransferResult run_transfer(std::uint64_t seed, const TransferOptions& options = {});

}  // namespace reviver::sim
