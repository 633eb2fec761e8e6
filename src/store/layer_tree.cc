#include "store/layer_tree.h"

#include "store/chain.h"

#include <algorithm>
#include <map>
#include <set>

namespace reviver::store {
namespace {

// The oldest of each hour stays longest (see retention.h), and tails until somebody removes them.
std::set<Sequence> lasting_points(const CollectionRow& collection) {
    std::set<Sequence> lasting;
    std::set<std::int64_t> hours;
    for (const PointRow& point : collection.points) {
        const auto hour = std::chrono::floor<std::chrono::hours>(point.info.cut_time);
        if (point.info.kind == PointKind::tail ||
            hours.insert(hour.time_since_epoch().count()).second)
            lasting.insert(point.info.sequence);
    }
    return lasting;
}

}  // namespace

Sequence newest_pinned(const CollectionRow& collection) {
    Sequence newest;
    for (const PointRow& point : collection.points)
        if (!point.pins.empty()) newest = point.info.sequence;
    return newest;
}

const LayerRow* newest_retained(const CollectionRow& collection, const DiskRow& disk) {
    for (auto layer = disk.layers.rbegin(); layer != disk.layers.rend(); ++layer)
        if (collection.point(layer->sequence) != nullptr) return &*layer;
    return nullptr;
}

LayerTree load_tree(Context& context, const CollectionRow& collection, const DiskRow& disk) {
    const std::set<Sequence> lasting = lasting_points(collection);
    std::map<Sequence, TreeLayer> found;
    for (auto row = disk.layers.rbegin(); row != disk.layers.rend(); ++row) {
        if (collection.point(row->sequence) == nullptr) continue;
        for (Sequence at = row->sequence; at.value != 0 && !found.contains(at);) {
            const qcow2::Header header = layer_header(context, collection, disk, at);
            const LayerRow* kept = disk.layer(at);
            TreeLayer layer{at, header.parent, 0, header.is_empty()};
            if (kept != nullptr && !layer.empty) layer.bytes = kept->stored_bytes;
            layer.retained = collection.point(at) != nullptr;
            layer.lasting = lasting.contains(at);
            found.emplace(at, layer);
            at = header.parent;
        }
    }
    LayerTree tree{{}, newest_pinned(collection), !disk.adopted_path.has_value()};
    for (const auto& [sequence, layer] : found) tree.layers.push_back(layer);
    return tree;
}

}  // namespace reviver::store
