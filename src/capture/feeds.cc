#include "capture/feeds.h"

#include <algorithm>

namespace reviver::capture {

namespace {

// To ask about less costs as much as to read it.
constexpr std::uint64_t zero_ask_min = 1 << 20;
constexpr std::uint64_t zero_keep_min = 1 << 20;

void append_split(std::vector<Extent>& out, Range marked, const RangeSet& zeros) {
    std::uint64_t at = marked.offset;
    for (const Range& zero : zeros.intersection(marked).ranges()) {
        if (at < zero.offset) out.push_back({at, zero.offset - at, Content::data});
        out.push_back({zero.offset, zero.length, Content::zero});
        at = zero.end();
    }
    if (at < marked.end()) out.push_back({at, marked.end() - at, Content::data});
}

}  // namespace

MarkedFeed::MarkedFeed(std::vector<BitmapReader> bitmaps, qemu::NbdReader& data)
    : bitmaps_(std::move(bitmaps)), data_(data) {}

RangeSet MarkedFeed::marked(Range window) {
    RangeSet result;
    for (auto& bitmap : bitmaps_) result.add(bitmap.reader->dirty(bitmap.bitmap, window));
    return result;
}

void MarkedFeed::look_for_zeros(const Range& marked) {
    if (marked.length < zero_ask_min) return;
    for (const Extent& extent : data_.extents(marked))
        if (extent.content == Content::zero && extent.length >= zero_keep_min)
            zeros_.add({extent.offset, extent.length});
}

std::vector<Extent> MarkedFeed::extents(Range window) {
    std::vector<Extent> result;
    for (const Range& range : marked(window).ranges()) {
        if (range.offset >= looked_to_) look_for_zeros(range);
        append_split(result, range, zeros_);
    }
    looked_to_ = std::max(looked_to_, window.end());
    return result;
}

}  // namespace reviver::capture
