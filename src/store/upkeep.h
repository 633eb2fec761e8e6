// Upkeep of one collection: what the policy drops, layers merged or folded, dead files removed.
// Private to the folder.
//
// Why neither a crash nor a reader can see a mixture:
//   merge  The new layer has the content of the run and the name of its last. Until the rename
//   all is as it was; after it, the header of the new one names what is below the run, and
//   whoever builds on it reads the same by a shorter way. The run's other files are untouched:
//   points that are there, and branches, go on reading through them.
//   fold   The base is written in place. What it gets is the chain of the lowest retained point
//   c. Every other retained point is newer, and its chain, whichever layers it goes through,
//   holds all clusters that changed up to itself and so all that changed up to c: nobody can
//   see the base change. When base and checksums are durable, an empty layer that names the
//   base is renamed over c's: whoever opens it now reads the same from the base.
//   A branch may leave the chain of c below it, from a dead layer a. What it reads there of the
//   base is, or is not yet, hidden by a: it has changed up to c and not since a (else the
//   branch would hold it), so both say the same. That is why an empty layer may also take the
//   place of a, which gives its room back. a keeps its size: behind its end there are zeros for
//   the branch, whatever the base has there.
//   Readers that have the old files open go on with them. The transaction in the manifest comes
//   after the renames. Files that no chain goes through any more are found by looking at the
//   chains, after every merge and after a crash alike; first their rows go, then they.
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
// How many layers the longest chain of a point has, over its disks.
std::size_t longest_chain(Context& context, Live& live, CollectionId collection, Sequence sequence);
// Removes the layers that are in no retained point's chain, and the disks that are in no point.
// Answers how many layers went.
std::uint64_t tidy(Context& context, Live& live, CollectionId collection);
// Does a fold again that a crash interrupted. False when a pin does not let it.
bool finish_fold(Context& context, Live& live, const CollectionRow& collection, const DiskRow& disk,
                 const point::Filters& filters);

}  // namespace reviver::store
