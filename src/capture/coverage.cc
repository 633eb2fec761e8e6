#include "capture/coverage.h"

#include <algorithm>

namespace reviver::capture {

namespace {

struct Marked {
    BitmapMark mark;
    SeenBitmap bitmap;
};

struct Ours {
    std::vector<Marked> of_disk;  // oldest first
    std::vector<std::string> others;
};

Ours ours_of(CollectionId collection, const DiskKey& disk, const std::vector<SeenBitmap>& bitmaps) {
    Ours ours;
    for (const auto& bitmap : bitmaps) {
        if (const auto mark = parse_bitmap_name(collection, disk, bitmap.name)) {
            ours.of_disk.push_back({*mark, bitmap});
        } else if (bitmap.name.starts_with(name_prefix(collection))) {
            ours.others.push_back(bitmap.name);
        }
    }
    std::sort(ours.of_disk.begin(), ours.of_disk.end(),
              [](const Marked& a, const Marked& b) { return a.mark < b.mark; });
    return ours;
}

// The bitmap to begin with. Of 5 and 5-bulk-x the plain one would be the wrong choice: the other is
// only made where it was of no use.
std::vector<Marked>::iterator base_of(std::vector<Marked>& ours, Sequence last,
                                      const std::optional<std::string>& older_base) {
    const auto named = [&](const Marked& m) { return m.mark.since == last; };
    const auto from_last = std::find_if(ours.rbegin(), ours.rend(), named);
    if (from_last != ours.rend()) return std::prev(from_last.base());
    return std::find_if(ours.begin(), ours.end(), [&](const Marked& m) {
        return older_base && m.bitmap.name == *older_base;
    });
}

bool unbroken(std::vector<Marked>::iterator from, std::vector<Marked>::iterator end) {
    return std::none_of(from, end, [](const Marked& m) { return m.bitmap.inconsistent; }) &&
           std::none_of(from, end - 1, [](const Marked& m) { return m.bitmap.recording; }) &&
           (end - 1)->bitmap.recording;
}

}  // namespace

Coverage coverage_of(CollectionId collection, const DiskKey& disk,
                     const std::vector<SeenBitmap>& bitmaps, Sequence last,
                     const std::optional<std::string>& older_base) {
    auto [ours, others] = ours_of(collection, disk, bitmaps);
    auto base = base_of(ours, last, older_base);
    Coverage coverage;
    coverage.obsolete = std::move(others);
    if (base != ours.end() && unbroken(base, ours.end())) {
        coverage.known = true;
        coverage.bulk = base->mark.bulk;
        for (auto it = base; it != ours.end(); ++it) coverage.joined.push_back(it->bitmap.name);
    } else {
        base = ours.end();
    }
    for (auto it = ours.begin(); it != base; ++it) coverage.obsolete.push_back(it->bitmap.name);
    return coverage;
}

}  // namespace reviver::capture
