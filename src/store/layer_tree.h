// The tree of a disk's layers as the files' headers say it, with what the manifest knows of them.
// Private to the folder.
#pragma once

#include "store/compaction.h"
#include "store/context.h"
#include "store/qcow2.h"

namespace reviver::store {

// All layers that chains of retained points go through; empty for a disk in no point. Error corrupt
// or not_found when a header cannot be read.
LayerTree load_tree(Context& context, const CollectionRow& collection, const DiskRow& disk);
// The newest pinned point; 0 when there is none.
Sequence newest_pinned(const CollectionRow& collection);
// The newest layer of a disk whose point is there; null when it is in none.
const LayerRow* newest_retained(const CollectionRow& collection, const DiskRow& disk);

}  // namespace reviver::store
