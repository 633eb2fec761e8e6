// Makes a disk at a sink equal to a local one by sending only what differs, found by comparing
// hashes.
//
// Blocks of point::compare_block bytes are hashed with SHA-256, and each group of
// compare_group_blocks of them again; the last block and the last group may be shorter and are
// hashed as they are. Group hashes go out in batches; for the groups that differ the sink answers
// its block hashes; the blocks that differ are read again and written. So a disk that may change
// meanwhile is fine: what is read late is newer, and a cut follows.
//
// While the sink hashes one batch, the next is hashed here.
#pragma once

#include "point/image.h"
#include "point/point.h"
#include "sys/world.h"

#include <cstdint>
#include <functional>

namespace reviver::wire {

struct CompareResult {
    std::uint64_t compared_bytes = 0;
    std::uint64_t differing_bytes = 0;  // of whole blocks
    std::uint64_t data_bytes = 0;       // of those, what was written as data and not as zeros
};

struct CompareFilters {
    std::function<void(const CompareResult&)> progress{};  // after each batch
    std::function<bool()>
        stopped{};  // asked often, from two tasks; true ends the comparison with Error stopped
};

// `disk` is an index into the header that `remote` was opened with. Errors: those of image and
// sink; stopped.
CompareResult compare_disk(sys::World& world, point::Image& local, std::uint32_t disk,
                           point::Sink& remote, const CompareFilters& filters = {});

}  // namespace reviver::wire
