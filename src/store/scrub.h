// A scrub reads everything that a collection keeps and compares it with its checksums, before a
// failover needs it. It finds
//   flipped    content that is not what was written,
//   lost       a file that is gone or too short, or written content that reads as a hole,
//   misplaced  a good layer that belongs to another disk or point.
// The images that were adopted have no checksums of ours; they are not read.
#pragma once

#include "model/names.h"
#include "sys/files.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace reviver::store {

enum class Damage : std::uint8_t { flipped, lost, misplaced };
const char* name_of(Damage damage);

struct Finding {
    Damage damage = Damage::flipped;
    sys::Path path;
    std::uint64_t offset = 0;  // in the file; 0 with length 0 for the file as a whole
    std::uint64_t length = 0;
    DiskKey disk;
    std::vector<Sequence> points;  // whose chains contain the file
    std::string text;              // for people
};

struct ScrubReport {
    std::uint64_t bytes_read = 0;
    bool complete =
        true;  // false when progress ended it, or there were more than findings_max findings
    std::vector<Finding> findings;
};

// Bytes done and (about) bytes in all; answers false to end the scrub.
using ScrubProgress = std::function<bool(std::uint64_t done_bytes, std::uint64_t all_bytes)>;

}  // namespace reviver::store
