#include "sim/ledger.h"

#include "base/error.h"
#include "sim/scheduler.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::sim {

namespace {

template <class... Args>
[[noreturn]] void violated(fmt::format_string<Args...> format, Args&&... args) {
    throw Failure(fmt::format(format, std::forward<Args>(args)...));
}

SparseBytes read_image(point::Image& image) {
    Bytes bytes(image.size_bytes());
    image.read(0, bytes);
    SparseBytes content;
    content.resize(bytes.size());
    content.write(0, bytes);
    return content;
}

// Where the disks differ from the cut, by sectors.
std::string differences(const std::vector<SparseBytes>& found, const GroupCut& cut) {
    std::string text;
    for (std::size_t i = 0; i < found.size(); ++i) {
        RangeSet differing;
        Bytes a(sector_bytes);
        Bytes b(sector_bytes);
        for (std::uint64_t at = 0; at < cut.disks[i].size(); at += sector_bytes) {
            found[i].read(at, a);
            cut.disks[i].read(at, b);
            if (a != b) differing.add({at, sector_bytes});
        }
        std::vector<Range> ranges = differing.ranges();
        if (ranges.size() > 4) text += fmt::format("; disk {}: {} ranges", i, ranges.size());
        ranges.resize(std::min<std::size_t>(ranges.size(), 4));
        for (const Range& range : ranges) {
            text +=
                fmt::format("; disk {} differs in {} bytes at {}{}", i, range.length, range.offset,
                            cut.dirty[i].contains(range) ? "" : ", which was not dirty");
        }
    }
    return text;
}

}  // namespace

std::shared_ptr<const GroupCut> Ledger::record(GroupCut cut) {
    auto kept = std::make_shared<const GroupCut>(std::move(cut));
    cuts_[kept->id] = kept;
    return kept;
}

std::shared_ptr<const GroupCut> Ledger::find(CutId cut) const {
    const auto found = cuts_.find(cut);
    return found == cuts_.end() ? nullptr : found->second;
}

void Ledger::acknowledge(Sequence sequence, CutId cut) {
    acknowledged_[sequence] = cut;
}

Sequence Ledger::acknowledged() const {
    return acknowledged_.empty() ? Sequence{} : acknowledged_.rbegin()->first;
}

void Ledger::check(store::Store& store, CollectionId collection) const {
    const std::vector<PointInfo> points = store.points(collection);
    check_presence(points);
    for (const PointInfo& point : points) check_content(store, collection, point);
}

void Ledger::check_presence(const std::vector<PointInfo>& points) const {
    for (const auto& [sequence, cut] : acknowledged_) {
        const auto found = std::find_if(points.begin(), points.end(),
                                        [&](const auto& p) { return p.sequence == sequence; });
        if (found == points.end()) {
            if (drops_allowed_ && sequence != acknowledged()) continue;
            if (drops_allowed_ && !points.empty() && points.back().sequence > sequence) continue;
            violated("point {} was acknowledged and is gone", sequence.value);
        }
        if (found->cut != cut) violated("point {} is of another cut", sequence.value);
    }
}

void Ledger::check_content(store::Store& store, CollectionId collection,
                           const PointInfo& point) const {
    const auto found = cuts_.find(point.cut);
    if (found == cuts_.end()) violated("point {} is of no cut", point.sequence.value);
    const GroupCut& cut = *found->second;
    if (point.disks != group_.shapes()) violated("point {} has other disks", point.sequence.value);
    std::vector<SparseBytes> contents;
    for (const DiskShape& shape : point.disks) {
        try {
            contents.push_back(read_image(*store.open_disk(collection, point.sequence, shape.key)));
        } catch (const Error& e) {
            violated("point {} disk {}: {}", point.sequence.value, shape.key.text(), e.what());
        }
    }
    const auto is_state_after = [&](WriteCount count) {
        for (std::size_t i = 0; i < contents.size(); ++i) {
            const bool at_cut = cut.at[i] == count;
            if (!same_content(contents[i], at_cut ? cut.disks[i] : group_.content_at(i, count))) {
                return false;
            }
        }
        return true;
    };
    const auto [first, last] = std::minmax_element(cut.at.begin(), cut.at.end());
    for (WriteCount count = *first; count <= *last; ++count) {
        if (is_state_after(count)) return;
    }
    violated("point {} is not the group as it was at one moment{}", point.sequence.value,
             differences(contents, cut));
}

}  // namespace reviver::sim
