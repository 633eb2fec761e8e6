#include "store/upkeep.h"

#include "base/error.h"
#include "base/log.h"
#include "store/chain.h"
#include "store/collapse.h"
#include "store/directories.h"
#include "store/names.h"

#include <algorithm>

namespace reviver::store {
namespace {

bool retained(const CollectionRow& collection, const LayerRow& layer) {
    return collection.point(layer.sequence) != nullptr;
}

Sequence newest_pinned(const CollectionRow& collection) {
    Sequence newest;
    for (const PointRow& point : collection.points)
        if (!point.pins.empty()) newest = point.info.sequence;
    return newest;
}

// The newest layer of a disk whose point is there; null when it is in none.
const LayerRow* newest_retained(const CollectionRow& collection, const DiskRow& disk) {
    for (auto layer = disk.layers.rbegin(); layer != disk.layers.rend(); ++layer)
        if (retained(collection, *layer)) return &*layer;
    return nullptr;
}

ChainState chain_state(Context& context, const CollectionRow& collection, const DiskRow& disk,
                       Sequence top) {
    ChainState state;
    state.frozen = newest_pinned(collection);
    state.base_is_ours = !disk.adopted_path.has_value();
    for (const qcow2::Header& header : chain_headers(context, collection, disk, top))
        state.layers.push_back({header.sequence, collection.point(header.sequence) != nullptr});
    return state;
}

std::vector<Sequence> drop_points(Context& context, Live& live, CollectionId collection,
                                  const RetentionPolicy& policy) {
    const auto files = live.files_turn.take();
    const CollectionRow row = context.load(collection);
    const std::vector<Sequence> dropped = points_to_drop(retention_points(row), policy);
    if (!dropped.empty()) context.manifest.remove_points(collection, dropped);
    return dropped;
}

// Files go after their rows: a row without its file would be damage, a file without its row is
// garbage.
void remove_layers(Context& context, const CollectionRow& collection, const DiskRow& disk,
                   const std::vector<Sequence>& gone) {
    if (gone.empty()) return;
    context.manifest.remove_layers(disk.id, gone);
    for (const Sequence sequence : gone)
        context.world.files.remove(context.directory(collection, disk) / layer_name(sequence));
}

// Layers of no retained point's chain: those above the newest retained one, and those that a crash
// left after the rename of a merge or a fold.
std::uint64_t remove_unreachable(Context& context, const CollectionRow& collection,
                                 const DiskRow& disk, Sequence top) {
    const ChainState chain = chain_state(context, collection, disk, top);
    std::vector<Sequence> gone;
    for (const LayerRow& layer : disk.layers)
        if (std::ranges::find(chain.layers, layer.sequence, &ChainLayer::sequence) ==
            chain.layers.end())
            gone.push_back(layer.sequence);
    remove_layers(context, collection, disk, gone);
    // A fold whose dead layers are gone had reached its rename, and base and checksums were durable
    // before.
    const ChainLayer& lowest = chain.layers.front();
    if (disk.folding && lowest.retained)
        context.manifest.replace_layers(disk.id, {}, lowest.sequence,
                                        disk.layer(lowest.sequence)->stored_bytes);
    return gone.size();
}

bool in_receive(const CollectionRow& collection, const DiskRow& disk) {
    if (!collection.receive) return false;
    return std::ranges::any_of(collection.receive->bulk_done,
                               [&](const auto& part) { return part.first == disk.id; });
}

// A disk that is in no point, and that no receive is bringing. Before the first point bases are
// kept for the next attempt.
bool is_dead(const CollectionRow& collection, const DiskRow& disk) {
    return newest_retained(collection, disk) == nullptr && !collection.points.empty() &&
           !in_receive(collection, disk);
}

void remove_disk(Context& context, const CollectionRow& collection, const DiskRow& disk) {
    log_info("disk {} is in no recovery point any more; removing its files", disk.key.text());
    context.manifest.remove_disk(disk.id);
    remove_disk_files(context, collection.directory, disk.directory);
}

// When room gets scarce dead layers do not wait for company.
std::size_t waiting_max(Context& context) {
    const sys::Space space = context.world.files.space(context.root);
    const double scarce = 2 * context.reserve_share * static_cast<double>(space.total_bytes);
    return static_cast<double>(space.free_bytes) < scarce ? 0 : dead_layers_waiting_max;
}

std::optional<Compaction> next_of_disk(Context& context, const CollectionRow& collection,
                                       const DiskRow& disk, Sequence top, std::size_t waiting) {
    // An interrupted fold does not wait either: until it is done, the base's checksums are not to
    // be trusted.
    return next_compaction(chain_state(context, collection, disk, top), disk.folding ? 0 : waiting);
}

}  // namespace

std::vector<RetentionPoint> retention_points(const CollectionRow& row) {
    std::vector<RetentionPoint> points;
    for (const PointRow& point : row.points)
        points.push_back(
            {point.info.sequence, point.info.cut_time, point.info.kind, !point.pins.empty()});
    return points;
}

std::uint64_t tidy(Context& context, Live& live, CollectionId collection) {
    const auto files = live.files_turn.take();
    const CollectionRow row = context.load(collection);
    std::uint64_t removed = 0;
    for (const DiskRow& disk : row.disks) {
        if (is_dead(row, disk)) {
            removed += disk.layers.size();
            remove_disk(context, row, disk);
        } else if (const LayerRow* top = newest_retained(row, disk)) {
            removed += remove_unreachable(context, row, disk, top->sequence);
        }
    }
    return removed;
}

Upkeep maintain(Context& context, Live& live, CollectionId collection,
                const RetentionPolicy& policy, const point::Filters& filters) {
    Upkeep result;
    result.dropped = drop_points(context, live, collection, policy);
    result.layers_removed = tidy(context, live, collection);
    const std::size_t waiting = waiting_max(context);
    const CollectionRow row = context.load(collection);
    for (const DiskRow& disk : row.disks) {
        const LayerRow* top = newest_retained(row, disk);
        if (top == nullptr) continue;
        const auto what = next_of_disk(context, row, disk, top->sequence, waiting);
        if (!what) continue;
        result.bytes_copied = collapse(context, live, {row, disk, *what}, filters);
        result.layers_removed += what->gone.size();
        result.more = true;
        return result;
    }
    return result;
}

std::size_t shorten_chains(Context& context, Live& live, CollectionId collection, Sequence sequence,
                           std::size_t layers_max, const point::Filters& filters) {
    for (;;) {
        const CollectionRow row = context.load(collection);
        if (row.point(sequence) == nullptr)
            fail(Code::not_found, "there is no point {}", sequence.value);
        std::size_t longest = 0;
        bool changed = false;
        for (const DiskRow& disk : row.disks) {
            if (disk.layer(sequence) == nullptr) continue;
            const ChainState chain = chain_state(context, row, disk, sequence);
            longest = std::max(longest, chain.layers.size());
            const auto what = next_compaction(chain, 0);
            if (!what || chain.layers.size() <= layers_max) continue;
            collapse(context, live, {row, disk, *what}, filters);
            changed = true;
        }
        if (!changed) return longest;
    }
}

bool finish_fold(Context& context, Live& live, const CollectionRow& collection, const DiskRow& disk,
                 const point::Filters& filters) {
    const LayerRow* top = newest_retained(collection, disk);
    if (!disk.folding || top == nullptr) return true;
    const auto what = next_of_disk(context, collection, disk, top->sequence, 0);
    if (!what || what->kind != Compaction::Kind::fold) return false;
    collapse(context, live, {collection, disk, *what}, filters);
    return true;
}

}  // namespace reviver::store
