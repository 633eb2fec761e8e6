// Puts a run of layers together: into a new layer (merge) or into the base (fold). See upkeep.h for
// why that is safe. The files that nobody builds on any more are left to tidy(). Private to the
// folder; the caller has the upkeep turn.
#pragma once

#include "point/copy.h"
#include "store/compaction.h"
#include "store/context.h"

namespace reviver::store {

struct CollapsePlan {
    const CollectionRow& collection;
    const DiskRow& disk;
    Compaction what;
};

// Answers the bytes of data that were copied. Error corrupt, with nothing changed, when what is
// read fails its checksum; stopped.
std::uint64_t collapse(Context& context, Live& live, const CollapsePlan& plan,
                       const point::Filters& filters);

}  // namespace reviver::store
