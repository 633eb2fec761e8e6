#include "store/upkeep.h"

#include "base/error.h"
#include "base/log.h"
#include "store/chain.h"
#include "store/collapse.h"
#include "store/directories.h"
#include "store/layer_tree.h"
#include "store/limits.h"
#include "store/names.h"

#include <algorithm>

namespace reviver::store {
namespace {

std::vector<Sequence> drop_points(Context& context, Live& live, CollectionId collection,
                                  const RetentionPolicy& policy) {
    const auto files = live.files_turn.take();
    const CollectionRow row = context.load(collection);
    const std::vector<Sequence> dropped = points_to_drop(retention_points(row), policy);
    if (!dropped.empty()) context.manifest.remove_points(collection, dropped);
    return dropped;
}

// Files go after their rows: a row without its file would be damage, a file without its row is
// garbage. Before both, the renames that made them superfluous are made durable once more, since it
// may have been another process that renamed.
void remove_layers(Context& context, const CollectionRow& collection, const DiskRow& disk,
                   const std::vector<Sequence>& gone) {
    if (gone.empty()) return;
    const sys::Path directory = context.directory(collection, disk);
    context.world.files.sync_directory(directory);
    context.manifest.remove_layers(disk.id, gone);
    for (const Sequence sequence : gone)
        context.world.files.remove(directory / layer_name(sequence));
}

// Layers that no retained point's chain goes through.
std::uint64_t remove_unreachable(Context& context, const CollectionRow& collection,
                                 const DiskRow& disk) {
    const LayerTree tree = load_tree(context, collection, disk);
    std::vector<Sequence> gone;
    for (const LayerRow& layer : disk.layers)
        if (!std::ranges::binary_search(tree.layers, layer.sequence, {}, &TreeLayer::sequence))
            gone.push_back(layer.sequence);
    remove_layers(context, collection, disk, gone);
    // A fold that has put the empty layer in its place was complete: base and checksums were
    // durable before.
    const TreeLayer& lowest = tree.layers.front();
    if (disk.folding && lowest.retained && lowest.parent.value == 0 && lowest.empty)
        context.manifest.replace_layers(disk.id, {}, true);
    return gone.size();
}

bool in_receive(const CollectionRow& collection, const DiskRow& disk) {
    if (!collection.receive) return false;
    return std::ranges::any_of(collection.receive->bulk_done,
                               [&](const auto& part) { return part.first == disk.id; });
}

// A disk that is in no point, and that no receive is bringing, now or bit by bit. Before the first
// point bases are kept for the next attempt.
bool is_dead(const CollectionRow& collection, const DiskRow& disk) {
    return newest_retained(collection, disk) == nullptr && !collection.points.empty() &&
           !in_receive(collection, disk) && disk.copy == 0;
}

void remove_disk(Context& context, const CollectionRow& collection, const DiskRow& disk) {
    log_info("disk {} is in no recovery point any more; removing its files", disk.key.text());
    context.manifest.remove_disk(disk.id);
    remove_disk_files(context, collection.directory, disk.directory);
}

// When room gets scarce nothing waits, and nothing is kept twice that need not be.
ChainLimits limits_now(Context& context) {
    ChainLimits limits = context.limits;
    const sys::Space space = context.world.files.space(context.root);
    const double scarce = 2 * context.reserve_share * static_cast<double>(space.total_bytes);
    limits.scarce = static_cast<double>(space.free_bytes) < scarce;
    if (limits.scarce) limits.waiting_max = 0;
    return limits;
}

// An interrupted fold is done again before anything else: until then the base's checksums are not
// to be trusted.
std::optional<Compaction> next_of_disk(const LayerTree& tree, const DiskRow& disk,
                                       const ChainLimits& limits) {
    if (disk.folding)
        if (auto fold = next_fold(tree)) return fold;
    return next_compaction(tree, limits);
}

// While a large run is copied, points go on coming in, each one layer longer than the one before.
// Between two pieces of the copy, what lies above the run, and on other disks what is above the
// lasting points, is kept as short as ever. It uses the upkeep turn that the copy has.
class Relief {
  public:
    Relief(Context& context, Live& live, const CollapsePlan& busy, const point::Filters& filters)
        : context_(context), live_(live), busy_(busy), filters_(filters) {}

    // Asked by the copy before each piece.
    bool stopped() {
        if (filters_.stopped && filters_.stopped()) return true;
        const sys::MonoTime now = context_.world.clock.mono();
        if (now >= next_look_) look();
        return false;
    }

  private:
    void look() {
        const CollectionRow row = context_.load(busy_.collection.id);
        for (const DiskRow& disk : row.disks) {
            if (newest_retained(row, disk) == nullptr) continue;
            const LayerTree tree = load_tree(context_, row, disk);
            const auto what = next_above(tree, floor_of(tree, disk), context_.limits);
            if (what) relieve({row, disk, *what});
        }
        next_look_ = context_.world.clock.after(relief_pause);
    }
    // What goes wrong here (no room, a pin) is met again in its own round; the copy goes on.
    void relieve(const CollapsePlan& plan) {
        try {
            collapse(context_, live_, plan, filters_);
        } catch (const Error& error) {
            if (error.code() == Code::stopped) throw;
            log_debug("chains stay longer while layers are merged: {}", error.what());
        }
    }
    Sequence floor_of(const LayerTree& tree, const DiskRow& disk) const {
        Sequence floor = disk.id == busy_.disk.id ? busy_.what.into() : Sequence{};
        for (const TreeLayer& layer : tree.layers)
            if (layer.lasting) floor = std::max(floor, layer.sequence);
        return floor;
    }

    Context& context_;
    Live& live_;
    const CollapsePlan& busy_;
    const point::Filters& filters_;
    sys::MonoTime next_look_ = context_.world.clock.after(relief_pause);
};

std::uint64_t collapse_with_relief(Context& context, Live& live, const CollapsePlan& plan,
                                   const point::Filters& filters) {
    Relief relief(context, live, plan, filters);
    point::Filters looking = filters;
    looking.stopped = [&] { return relief.stopped(); };
    return collapse(context, live, plan, looking);
}

}  // namespace

std::vector<RetentionPoint> retention_points(const CollectionRow& row) {
    std::vector<RetentionPoint> points;
    for (const PointRow& point : row.points)
        points.push_back({point.info.sequence, point.info.cut_time, point.info.kind,
                          !point.pins.empty(), point.info.consistency});
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
        } else if (newest_retained(row, disk) != nullptr) {
            removed += remove_unreachable(context, row, disk);
        }
    }
    return removed;
}

Upkeep maintain(Context& context, Live& live, CollectionId collection,
                const RetentionPolicy& policy, const point::Filters& filters) {
    Upkeep result;
    result.dropped = drop_points(context, live, collection, policy);
    result.layers_removed = tidy(context, live, collection);
    const ChainLimits limits = limits_now(context);
    const CollectionRow row = context.load(collection);
    for (const DiskRow& disk : row.disks) {
        if (newest_retained(row, disk) == nullptr) continue;
        const auto what = next_of_disk(load_tree(context, row, disk), disk, limits);
        if (!what) continue;
        result.bytes_copied = collapse_with_relief(context, live, {row, disk, *what}, filters);
        result.layers_removed += tidy(context, live, collection);
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
            const LayerTree tree = load_tree(context, row, disk);
            longest = std::max(longest, tree.chain(sequence).size());
            const auto what = next_shortening(tree, sequence, layers_max);
            if (!what) continue;
            collapse(context, live, {row, disk, *what}, filters);
            changed = true;
        }
        if (!changed) return longest;
        tidy(context, live, collection);
    }
}

std::size_t longest_chain(Context& context, Live& live, CollectionId collection,
                          Sequence sequence) {
    const auto files = live.files_turn.take();
    const CollectionRow row = context.load(collection);
    std::size_t longest = 0;
    for (const DiskRow& disk : row.disks)
        if (disk.layer(sequence) != nullptr)
            longest = std::max(longest, chain_headers(context, row, disk, sequence).size());
    return longest;
}

bool finish_fold(Context& context, Live& live, const CollectionRow& collection, const DiskRow& disk,
                 const point::Filters& filters) {
    if (!disk.folding || newest_retained(collection, disk) == nullptr) return true;
    const auto what = next_fold(load_tree(context, collection, disk));
    if (!what) return false;
    collapse(context, live, {collection, disk, *what}, filters);
    tidy(context, live, collection.id);
    return true;
}

}  // namespace reviver::store
