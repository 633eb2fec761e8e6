#include "capture/feeds.h"

namespace reviver::capture {

namespace {

// To ask about less costs as much as to read it.
constexpr std::uint64_t zero_ask_min = 1 << 20;

}  // namespace

MarkedFeed::MarkedFeed(std::vector<BitmapReader> bitmaps, qemu::NbdReader* zeros)
    : bitmaps_(std::move(bitmaps)), zeros_(zeros) {}

std::vector<Extent> MarkedFeed::extents(Range window) {
    RangeSet marked;
    for (auto& bitmap : bitmaps_) marked.add(bitmap.reader->dirty(bitmap.bitmap, window));
    std::vector<Extent> result;
    for (const Range& range : marked.ranges()) {
        if (zeros_ == nullptr || range.length < zero_ask_min) {
            result.push_back({range.offset, range.length, Content::data});
            continue;
        }
        const auto known = zeros_->extents(range);
        result.insert(result.end(), known.begin(), known.end());
    }
    return result;
}

}  // namespace reviver::capture
