// Decides what the bitmaps that an image has can say of the disk that it is now. A pure function:
// a list in, a plan out.
//
// Bitmaps of one disk follow each other in time: each but the last was stopped at the moment the
// next one began, and the last one records. So the changes since point p are known exactly when
// there is a bitmap that began at p, and none from there on was lost.
#pragma once

#include "capture/names.h"

#include <optional>
#include <string>
#include <vector>

namespace reviver::capture {

struct SeenBitmap {
    std::string name;
    bool recording = false;
    bool inconsistent = false;  // QEMU did not get to save it
};

struct Coverage {
    bool known = false;
    std::string
        bulk;  // known only together with this bulk, which began with the first; empty for none
    std::vector<std::string>
        joined;  // what changed is their union; oldest first; empty unless known
    // Ours and of no more use: too old, of another disk whose image this was, left over.
    std::vector<std::string> obsolete;
};

// `older_base`: a bitmap that began before `last` and is known to be good for it as well, because
// the disk's VM was off since.
Coverage coverage_of(CollectionId collection, const DiskKey& disk,
                     const std::vector<SeenBitmap>& bitmaps, Sequence last,
                     const std::optional<std::string>& older_base);

}  // namespace reviver::capture
