#include "store/store.h"

#include "base/error.h"
#include "base/log.h"
#include "store/chain.h"
#include "store/context.h"
#include "store/directories.h"
#include "store/layer_writer.h"
#include "store/limits.h"
#include "store/names.h"
#include "store/receive.h"
#include "store/scrub_run.h"
#include "store/upkeep.h"

#include <algorithm>

namespace reviver::store {

struct Store::Parts {
    Parts(sys::World& world, sys::Path root, point::ImageOpener& opener, const Options& options)
        : context(world, std::move(root), opener, options) {}
    Context context;
};

namespace {

sys::Path make_root(sys::World& world, const sys::Path& data_directory) {
    const sys::Path root = data_directory / "store";
    world.files.make_directories(root);
    world.files.sync_directory(data_directory);
    return root;
}

void need_point(const CollectionRow& row, Sequence sequence) {
    if (row.point(sequence) == nullptr)
        fail(Code::not_found, "there is no recovery point {} of collection {}", sequence.value,
             row.id.text());
}

const DiskRow& need_disk(const CollectionRow& row, Sequence sequence, const DiskKey& key) {
    need_point(row, sequence);
    const DiskRow* disk = row.disk_at(sequence, key);
    if (disk == nullptr)
        fail(Code::not_found, "recovery point {} has no disk {}", sequence.value, key.text());
    return *disk;
}

void check_adopted(const PointInfo& tail, const std::vector<AdoptedDisk>& disks) {
    if (tail.sequence.value == 0 || tail.cut.is_none() || disks.empty())
        fail(Code::invalid_parameter, "what is adopted needs a sequence, a cut and disks");
    for (const AdoptedDisk& disk : disks) {
        check_target(disk.key.target);
        if (!disk.path.is_absolute() || disk.path.string().size() > backing_path_max)
            fail(Code::invalid_parameter, "{} is no absolute path of at most {} bytes",
                 disk.path.string(), backing_path_max);
        if (disk.size_bytes == 0 || disk.size_bytes > point::disk_size_max)
            fail(Code::invalid_parameter, "disk {} has {} bytes", disk.key.text(), disk.size_bytes);
    }
}

// The directory and the empty layer of a disk whose base is the adopted image, durable.
DiskRow adopt_disk(Context& context, const CollectionRow& collection, const AdoptedDisk& adopted,
                   LayerRow& layer) {
    DiskRow disk;
    disk.key = adopted.key;
    disk.directory = free_disk_directory(context, collection, adopted.key);
    disk.adopted_path = adopted.path.string();
    disk.adopted_format = adopted.format;
    const sys::Path directory = context.directory(collection, disk);
    make_directory(context, directory);
    LayerWriter writer(
        context.world.files.open(directory / layer_name(layer.sequence), sys::OpenMode::create_new),
        LayerIdentity{collection.id, adopted.key, layer.sequence, Sequence{}, adopted.size_bytes,
                      *disk.adopted_path, disk.adopted_format});
    layer.size_bytes = adopted.size_bytes;
    layer.stored_bytes = writer.finish();
    context.world.files.sync_directory(directory);
    return disk;
}

// The old chain is let go of, and the new one begins, in one transaction; its files are durable
// before.
void begin_chain(Context& context, CollectionId collection, const PointInfo& tail,
                 const std::vector<AdoptedDisk>& disks) {
    CollectionRow row;
    row.id = collection;
    row.directory = free_collection_directory(context, collection);
    std::vector<LayerRow> layers;
    for (const AdoptedDisk& disk : disks) {
        layers.push_back({tail.sequence, 0, 0, static_cast<std::uint32_t>(layers.size())});
        row.disks.push_back(adopt_disk(context, row, disk, layers.back()));
    }
    PointInfo info = tail;
    info.committed_time = context.world.clock.wall();
    context.manifest.adopt(row, info, layers);
}

}  // namespace

Store::Store(sys::World& world, const sys::Path& data_directory, point::ImageOpener& opener,
             Options options) {
    if (options.chain_layers_max < chain_layers_least)
        fail(Code::invalid_parameter, "chains need at least {} layers, not {}", chain_layers_least,
             options.chain_layers_max);
    parts_ = std::make_unique<Parts>(world, make_root(world, data_directory), opener, options);
    remove_orphans(parts_->context);
}

Store::~Store() = default;

std::unique_ptr<point::Sink> Store::receive() {
    return make_receive_sink(parts_->context);
}

void Store::drop_receive(CollectionId collection) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto turn = live->receive_turn.take();
    store::drop_receive(context, *live, collection);
}

void Store::keep_copies(CollectionId collection, const std::vector<DiskKey>& kept) {
    parts_->context.manifest.keep_copies(collection, kept);
}

std::vector<CollectionId> Store::collections() {
    return parts_->context.manifest.collections();
}

std::vector<PointInfo> Store::points(CollectionId collection) {
    std::vector<PointInfo> points;
    const auto row = parts_->context.manifest.load(collection);
    if (!row) return points;
    for (const PointRow& point : row->points) {
        if (point.info.kind == PointKind::seed) continue;
        points.push_back(point.info);
        points.back().vms = parts_->context.manifest.vms(collection, point.info.sequence);
    }
    return points;
}

std::optional<PointInfo> Store::newest(CollectionId collection) {
    auto info = tip(collection);
    if (info && info->kind == PointKind::seed) return std::nullopt;
    return info;
}

std::optional<PointInfo> Store::tip(CollectionId collection) {
    const auto row = parts_->context.manifest.load(collection);
    if (!row || row->newest() == nullptr) return std::nullopt;
    PointInfo info = row->newest()->info;
    info.vms = parts_->context.manifest.vms(collection, info.sequence);
    return info;
}

std::unique_ptr<point::Image> Store::open_disk(CollectionId collection, Sequence sequence,
                                               const DiskKey& disk) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto files = live->files_turn.take();
    const CollectionRow row = context.load(collection);
    return open_chain(context, row, need_disk(row, sequence, disk), sequence);
}

std::vector<ChainFile> Store::chain_files(CollectionId collection, Sequence sequence,
                                          const DiskKey& disk) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto files = live->files_turn.take();
    const CollectionRow row = context.load(collection);
    const DiskRow& found = need_disk(row, sequence, disk);
    const sys::Path directory = context.directory(row, found);
    const Backing base = backing_of(found, Sequence{});
    // An absolute path stays what it is.
    std::vector<ChainFile> list{{directory / base.path, base.format}};
    for (const qcow2::Header& header : chain_headers(context, row, found, sequence))
        list.push_back({directory / layer_name(header.sequence), "qcow2"});
    return list;
}

namespace {

// Upkeep keeps chains this short; only when it is behind there is something to do here, with what
// came in the meantime. A failover does not fail for it: a long chain reads the same.
void bring_to_length(Context& context, Live& live, CollectionId collection, Sequence sequence) {
    const std::size_t most = context.limits.layers_max + 1;
    try {
        if (longest_chain(context, live, collection, sequence) <= most) return;
        const auto turn = live.upkeep_turn.take();
        for (const PointRow& point : context.load(collection).points)
            if (point.info.sequence <= sequence)
                shorten_chains(context, live, collection, point.info.sequence, most, {});
    } catch (const Error& error) {
        log_warning("the chain of recovery point {} stays longer than {} layers: {}",
                    sequence.value, most, error.what());
    }
}

}  // namespace

// With the files' turn: upkeep looks for pins under it before it replaces a file.
void Store::pin(CollectionId collection, Sequence sequence, const std::string& reason) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    need_point(context.load(collection), sequence);
    bring_to_length(context, *live, collection, sequence);
    const auto files = live->files_turn.take();
    need_point(context.load(collection), sequence);
    context.manifest.pin(collection, sequence, reason);
}

void Store::unpin(CollectionId collection, Sequence sequence, const std::string& reason) {
    parts_->context.manifest.unpin(collection, sequence, reason);
}

void Store::remove_point(CollectionId collection, Sequence sequence) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto files = live->files_turn.take();
    const CollectionRow row = context.load(collection);
    need_point(row, sequence);
    if (row.newest()->info.sequence == sequence)
        fail(Code::invalid_state, "recovery point {} is the newest; it cannot be removed",
             sequence.value);
    const auto& pins = row.point(sequence)->pins;
    if (!pins.empty())
        fail(Code::in_use, "recovery point {} is in use: {}", sequence.value, pins.front());
    context.manifest.remove_points(collection, {sequence});
}

void Store::adopt(CollectionId collection, const PointInfo& tail,
                  const std::vector<AdoptedDisk>& disks) {
    check_adopted(tail, disks);
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto receiving = live->receive_turn.take();
    const auto upkeep = live->upkeep_turn.take();
    const auto old = context.manifest.load(collection);
    if (old && old->newest() != nullptr && old->newest()->info.cut == tail.cut)
        return;  // done before
    if (old && old->has_recovery_points() && tail.kind == PointKind::seed)
        fail(Code::invalid_state, "collection {} has recovery points; it needs no seed",
             collection.text());
    store::drop_receive(context, *live, collection);
    const auto files = live->files_turn.take();
    begin_chain(context, collection, tail, disks);
    if (old && !old->has_recovery_points()) remove_collection_files(context, old->directory);
}

// First the manifest lets go, then the layers go: a crash between the two leaves files that nobody
// needs, never a point without its files.
void Store::hand_over(CollectionId collection) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto receiving = live->receive_turn.take();
    const auto upkeep = live->upkeep_turn.take();
    const auto row = context.manifest.load(collection);
    if (!row) return;
    store::drop_receive(context, *live, collection);
    const auto files = live->files_turn.take();
    context.manifest.remove_collection(collection, true);
    for (const DiskRow& disk : row->disks) {
        const sys::Path directory = context.directory(*row, disk);
        for (const std::string& name : context.world.files.list(directory)) {
            const auto parsed = parse_file_name(name);
            if (parsed && parsed->kind == FileKind::layer) {
                context.world.files.remove(directory / name);
            }
        }
        context.world.files.sync_directory(directory);
    }
}

void Store::remove_collection(CollectionId collection, bool delete_files) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto receiving = live->receive_turn.take();
    const auto upkeep = live->upkeep_turn.take();
    const CollectionRow row = context.load(collection);
    store::drop_receive(context, *live, collection);
    const auto files = live->files_turn.take();
    const bool keep = !delete_files && row.has_recovery_points();
    context.manifest.remove_collection(collection, keep);
    if (!keep) remove_collection_files(context, row.directory);
    if (!delete_files) return;
    const auto released = context.manifest.released();
    context.manifest.forget_released(collection);
    for (const auto& [directory, owner] : released)
        if (owner == collection) remove_collection_files(context, directory);
}

std::vector<KeptPoint> Store::kept(CollectionId collection, const RetentionPolicy& policy) {
    std::vector<KeptPoint> result;
    const auto row = parts_->context.manifest.load(collection);
    if (!row) return result;
    auto reasons = reasons_to_keep(retention_points(*row), policy);
    for (std::size_t i = 0; i < row->points.size(); ++i) {
        const PointRow& point = row->points[i];
        result.push_back({point.info.sequence, std::move(reasons[i]), point.pins});
    }
    return result;
}

Upkeep Store::maintain_once(CollectionId collection, const RetentionPolicy& policy,
                            const point::Filters& filters) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto turn = live->upkeep_turn.take();
    point::Filters held_up = filters;
    if (held_up.throttle == nullptr) held_up.throttle = &context.upkeep_throttle;
    return maintain(context, *live, collection, policy, held_up);
}

std::size_t Store::shorten(CollectionId collection, Sequence sequence, std::size_t layers_max,
                           const point::Filters& filters) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    const auto turn = live->upkeep_turn.take();
    return shorten_chains(context, *live, collection, sequence, layers_max, filters);
}

ScrubReport Store::scrub(CollectionId collection, const ScrubProgress& progress) {
    Context& context = parts_->context;
    const auto live = context.live(collection);
    return scrub_collection(context, *live, collection, progress);
}

}  // namespace reviver::store
