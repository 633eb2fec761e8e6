// A scenario: the link between two sites is down for a day while the guests write. What the day
// leaves behind has to be bounded: jobs, figures, files, and the memory of the process. When the
// link is back, one cycle brings across what changed and nothing else, without a resynchronization.
#pragma once

#include "sys/clock.h"

#include <cstdint>

namespace reviver::sim {

struct OutageResult {
    std::uint64_t missed = 0;         // cycles in a row, the most within a monitoring interval
    std::uint64_t changed_bytes = 0;  // by the guests, since the last point before it
    std::uint64_t sent_bytes = 0;     // by the cycle after it, on the wire
    std::uint64_t disk_bytes = 0;     // of the group
    // In the second half of the outage: what the process has allocated more, and what the primary
    // site keeps more on its disk. In the first half the log of its data base grows to full size.
    std::int64_t memory_grown = 0;
    std::uint64_t files_grown = 0;
};

struct OutageOptions {
    sys::Duration duration = std::chrono::hours(24);
    bool loud = false;
};

// Throws Failure when the group does not come to replicate again, or only by a resynchronization,
// and when a point is not the group at one moment.
OutageResult run_outage(std::uint64_t seed, const OutageOptions& options = {});

}  // namespace reviver::sim
