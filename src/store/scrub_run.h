// One run of a scrub over a collection. Private to the folder.
#pragma once

#include "store/context.h"
#include "store/scrub.h"

namespace reviver::store {

ScrubReport scrub_collection(Context& context, Live& live, CollectionId collection,
                             const ScrubProgress& progress);

}  // namespace reviver::store
