// A disk image that VMs of a simulated host write to: bytes of its own on top of a file or another
// image, and the bitmaps that say what was written since when. It outlives the site's process; what
// the power takes is said at Hypervisor::lose_power().
#pragma once

#include "base/extents.h"
#include "model/names.h"
#include "sim/sparse_bytes.h"

#include <optional>
#include <string>
#include <vector>

namespace reviver::sim {

// Everything written since the cut `since` (or since the bulk of that name began on top of it)
// until the next bitmap began; the last one records.
struct Bitmap {
    Sequence since;
    std::string bulk;
    RangeSet dirty;
    bool lost = false;  // the host's power went while it recorded
};

struct HostImage {
    std::string backing;  // path of what it builds on; "" for nothing
    SparseBytes data;     // what it holds itself,
    RangeSet own;         // and where
    SparseBytes truth;    // what its VM has to read
    std::vector<Bitmap> bitmaps;

    void write(Range range, ByteView from);  // empty: zeros
    // The bitmaps that together are what changed since the point, from the first such on; nothing
    // when one is missing or lost.
    std::optional<std::size_t> first_bitmap_since(Sequence since) const;
    RangeSet dirty_from(std::size_t first) const;
};

}  // namespace reviver::sim
