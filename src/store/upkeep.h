// Upkeep of one collection: what the policy drops, dead layers merged or folded, dead files
// removed. Private to the folder.
//
// Why neither a crash nor a reader can see a mixture:
//   merge  The new layer has the content of the run and the name of its last. Until the rename the
//   old files are all there; after it,
//          the header of the new one names what is below the run, so the run's other files are part
//          of no chain any more.
//   fold   The base is written in place. All it gets is what the layers of the run hold, and every
//   chain of a retained point
//          contains all of them, so nobody can see it. When base and checksums are durable, an
//          empty layer that names the base is renamed over the last of the run: whoever opens it
//          now reads the same from the base.
//   Readers that have the old files open go on with them. In both, the transaction in the manifest
//   comes after the rename, and removes rows of files that are part of no chain; the files go last.
//   What a crash leaves is found by looking at the chains: rows of layers that no retained point's
//   chain contains.
#pragma once

#include "point/copy.h"
#include "store/compaction.h"
#include "store/context.h"
#include "store/store.h"

namespace reviver::store {

std::vector<RetentionPoint> retention_points(const CollectionRow& row);

// The caller has the upkeep turn in each of these.
Upkeep maintain(Context& context, Live& live, CollectionId collection,
                const RetentionPolicy& policy, const point::Filters& filters);
std::size_t shorten_chains(Context& context, Live& live, CollectionId collection, Sequence sequence,
                           std::size_t layers_max, const point::Filters& filters);
// Removes the layers that are in no retained point's chain, and the disks that are in no point.
// Answers how many layers went.
std::uint64_t tidy(Context& context, Live& live, CollectionId collection);
// Does a fold again that a crash interrupted. False when a pin does not let it.
bool finish_fold(Context& context, Live& live, const CollectionRow& collection, const DiskRow& disk,
                 const point::Filters& filters);

}  // namespace reviver::store
