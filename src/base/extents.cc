#include "base/extents.h"

#include "base/bytes.h"

#include <algorithm>
#include <iterator>

namespace reviver {

void RangeSet::add(Range range) {
    if (range.length == 0) return;
    std::uint64_t begin = range.offset;
    std::uint64_t end = range.end();
    auto it = ranges_.upper_bound(begin);
    if (it != ranges_.begin() && std::prev(it)->second >= begin) --it;
    while (it != ranges_.end() && it->first <= end) {
        begin = std::min(begin, it->first);
        end = std::max(end, it->second);
        it = ranges_.erase(it);
    }
    ranges_.emplace(begin, end);
}

void RangeSet::add(const RangeSet& other) {
    for (const auto& [begin, end] : other.ranges_) add({begin, end - begin});
}

void RangeSet::subtract(Range range) {
    if (range.length == 0) return;
    auto it = ranges_.upper_bound(range.offset);
    if (it != ranges_.begin() && std::prev(it)->second > range.offset) --it;
    while (it != ranges_.end() && it->first < range.end()) {
        const auto [begin, end] = *it;
        it = ranges_.erase(it);
        if (begin < range.offset) ranges_.emplace(begin, range.offset);
        if (end > range.end()) it = ranges_.emplace(range.end(), end).first;
    }
}

RangeSet RangeSet::intersection(Range range) const {
    RangeSet result;
    auto it = ranges_.upper_bound(range.offset);
    if (it != ranges_.begin()) --it;
    for (; it != ranges_.end() && it->first < range.end(); ++it) {
        const std::uint64_t begin = std::max(it->first, range.offset);
        const std::uint64_t end = std::min(it->second, range.end());
        if (begin < end) result.add({begin, end - begin});
    }
    return result;
}

bool RangeSet::contains(Range range) const {
    return intersection(range).total_bytes() == range.length;
}

bool RangeSet::intersects(Range range) const {
    return !intersection(range).empty();
}

RangeSet RangeSet::widened_to(std::uint64_t unit, std::uint64_t limit) const {
    RangeSet result;
    for (const auto& [begin, end] : ranges_) {
        const std::uint64_t wide_begin = align_down(begin, unit);
        const std::uint64_t wide_end = std::min(align_up(end, unit), limit);
        if (wide_begin < wide_end) result.add({wide_begin, wide_end - wide_begin});
    }
    return result;
}

std::uint64_t RangeSet::total_bytes() const {
    std::uint64_t total = 0;
    for (const auto& [begin, end] : ranges_) total += end - begin;
    return total;
}

std::vector<Range> RangeSet::ranges() const {
    std::vector<Range> result;
    result.reserve(ranges_.size());
    for (const auto& [begin, end] : ranges_) result.push_back({begin, end - begin});
    return result;
}

}  // namespace reviver
