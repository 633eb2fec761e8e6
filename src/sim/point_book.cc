#include "sim/point_book.h"

#include "base/error.h"
#include "sim/model_group.h"
#include "sim/scheduler.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::sim {

namespace {

// Is this what these disks of the group held at that moment?
bool is_part_of(const GroupState& found, const GroupState& group) {
    return !found.empty() && std::ranges::all_of(found, [&](const auto& disk) {
        const auto there = group.find(disk.first);
        return there != group.end() && same_content(disk.second, there->second);
    });
}

std::string differing_disks(const GroupState& found, const GroupState& expected) {
    std::string text;
    for (const auto& [key, content] : found) {
        const auto other = expected.find(key);
        if (other == expected.end() || other->second.size() != content.size()) {
            text += fmt::format("; {} has {} bytes", key.text(), content.size());
            continue;
        }
        RangeSet differing;
        Bytes a(sector_bytes);
        Bytes b(sector_bytes);
        for (std::uint64_t at = 0; at < content.size(); at += sector_bytes) {
            content.read(at, a);
            other->second.read(at, b);
            if (a != b) differing.add({at, sector_bytes});
        }
        if (differing.empty()) continue;
        text += fmt::format("; {} differs in {} bytes, first at {}", key.text(),
                            differing.total_bytes(), differing.ranges().front().offset);
    }
    return text;
}

GroupState state_of(store::Store& store, CollectionId collection, const PointInfo& point) {
    GroupState state;
    for (const DiskShape& shape : point.disks) {
        const auto image = store.open_disk(collection, point.sequence, shape.key);
        Bytes bytes(image->size_bytes());
        image->read(0, bytes);
        SparseBytes& content = state[shape.key];
        content.resize(bytes.size());
        content.write(0, bytes);
    }
    return state;
}

}  // namespace

void PointBook::acknowledge(Epoch epoch, Sequence sequence) {
    acknowledged_[epoch] = std::max(acknowledged_[epoch], sequence);
    ++acknowledgements_;
}

Sequence PointBook::acknowledged(Epoch epoch) const {
    const auto found = acknowledged_.find(epoch);
    return found == acknowledged_.end() ? Sequence{} : found->second;
}

void PointBook::check(store::Store& store, CollectionId collection) const {
    for (const PointInfo& point : store.points(collection)) {
        try {
            check_point(point, state_of(store, collection, point));
        } catch (Error& e) {
            // Whoever calls knows whether this is a full disk, a kill or damage.
            e.add_context(fmt::format("point {}", point.sequence.value));
            throw;
        }
    }
}

void PointBook::check_point(const PointInfo& point, const GroupState& found) const {
    const auto cut = cuts_.find(point.cut);
    if (cut == cuts_.end()) {
        return require_known(found, fmt::format("point {} of no cut", point.sequence.value));
    }
    if (point.consistency == Consistency::application && !cut->second.frozen)
        throw Failure(
            fmt::format("point {} is called application consistent, and a guest of it "
                        "was not frozen",
                        point.sequence.value));
    if (is_part_of(found, cut->second.state)) return;
    throw Failure(fmt::format("point {} is not the group as it was at its cut{}",
                              point.sequence.value, differing_disks(found, cut->second.state)));
}

void PointBook::require_known(const GroupState& state, const std::string& what) const {
    const auto is_it = [&](const GroupState& known) { return is_part_of(state, known); };
    const bool known =
        std::ranges::any_of(adopted_, is_it) ||
        std::ranges::any_of(cuts_, [&](const auto& cut) { return is_it(cut.second.state); });
    if (!known) throw Failure(what + " is the group as it never was");
}

}  // namespace reviver::sim
