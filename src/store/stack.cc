#include "store/stack.h"

#include "base/check.h"
#include "store/qcow2.h"

#include <algorithm>

namespace reviver::store {

void append(std::vector<Extent>& list, Extent next) {
    if (next.length == 0) return;
    if (!list.empty() && list.back().content == next.content && list.back().end() == next.offset)
        list.back().length += next.length;
    else
        list.push_back(next);
}

void Stack::visit(std::size_t level, Range range, std::vector<Segment>& list) const {
    Layer& layer = *layers_[level];
    const std::uint64_t reach = std::clamp(layer.size_bytes(), range.offset, range.end());
    for (Segment& segment : store::segments(layer, {range.offset, reach - range.offset})) {
        segment.layer = static_cast<std::uint32_t>(level);
        if (segment.holds == Holds::below && level > 0)
            visit(level - 1, {segment.offset, segment.length}, list);
        else
            append(list, segment);
    }
    append(list, {reach, range.end() - reach, Holds::zero});
}

std::vector<Segment> Stack::segments(Range range) const {
    REVIVER_CHECK(range.end() <= size_bytes());
    std::vector<Segment> list;
    visit(layers_.size() - 1, range, list);
    return list;
}

void Stack::read(const Segment& segment, ByteSpan to) const {
    layers_[segment.layer]->read(segment.host_offset, to);
}

void Stack::verify(const Segment& segment) const {
    const std::uint64_t end = qcow2::clusters_of(segment.end());
    for (std::uint64_t at = segment.offset / qcow2::cluster_bytes; at < end; ++at)
        layers_[segment.layer]->verify(at);
}

void ChainImage::read_base(std::uint64_t offset, ByteSpan to) {
    const std::uint64_t end = std::clamp(base_->size_bytes(), offset, offset + to.size());
    if (end > offset) base_->read(offset, to.first(end - offset));
    std::fill(to.begin() + static_cast<std::ptrdiff_t>(end - offset), to.end(), std::byte{0});
}

void ChainImage::read(std::uint64_t offset, ByteSpan to) {
    for (const Segment& segment : stack_.segments({offset, to.size()})) {
        const ByteSpan part = to.subspan(segment.offset - offset, segment.length);
        switch (segment.holds) {
            case Holds::data:
                stack_.read(segment, part);
                break;
            case Holds::zero:
                std::fill(part.begin(), part.end(), std::byte{0});
                break;
            case Holds::below:
                read_base(segment.offset, part);
                break;
        }
    }
}

void ChainImage::append_base(Range range, std::vector<Extent>& list) {
    const std::uint64_t end = std::clamp(base_->size_bytes(), range.offset, range.end());
    if (end > range.offset)
        for (const Extent& extent : base_->extents({range.offset, end - range.offset}))
            append(list, extent);
    append(list, {end, range.end() - end, Content::zero});
}

std::vector<Extent> ChainImage::extents(Range range) {
    std::vector<Extent> list;
    for (const Segment& segment : stack_.segments(range)) {
        if (segment.holds == Holds::below)
            append_base({segment.offset, segment.length}, list);
        else
            append(list, {segment.offset, segment.length,
                          segment.holds == Holds::data ? Content::data : Content::zero});
    }
    return list;
}

}  // namespace reviver::store
