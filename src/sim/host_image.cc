#include "sim/host_image.h"

namespace reviver::sim {

void HostImage::write(Range range, ByteView from) {
    for (SparseBytes* to : {&data, &truth}) {
        if (from.empty()) {
            to->clear(range);
        } else {
            to->write(range.offset, from);
        }
    }
    own.add(range);
    if (!bitmaps.empty()) bitmaps.back().dirty.add(range);
}

std::optional<std::size_t> HostImage::first_bitmap_since(Sequence since) const {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < bitmaps.size(); ++i) {
        if (bitmaps[i].since == since) first = i;
        if (first && bitmaps[i].lost) return std::nullopt;
    }
    return first;
}

RangeSet HostImage::dirty_from(std::size_t first) const {
    RangeSet dirty;
    for (std::size_t i = first; i < bitmaps.size(); ++i) dirty.add(bitmaps[i].dirty);
    return dirty;
}

}  // namespace reviver::sim
