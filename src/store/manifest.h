// The manifest says what is true: which points there are, and which files belong to which disk. One
// SQLite database; every change is one transaction, durable when the call returns. What a layer
// builds on is not here but in the layer's own header, so that replacing a file by rename changes
// both at once.
//
// Any task may call; calls wait for each other.
#pragma once

#include "model/point.h"
#include "store/database.h"
#include "sys/exclusive.h"
#include "sys/world.h"

#include <optional>
#include <string>
#include <vector>

namespace reviver::store {

// 2: several layers may build on one. What made format 1 would take branches for garbage; apart
// from that they are alike.
constexpr int manifest_format = 2;

using DiskId = std::int64_t;

struct LayerRow {
    Sequence sequence;
    std::uint64_t size_bytes = 0;    // of the disk
    std::uint64_t stored_bytes = 0;  // that the layer takes
    std::uint32_t ordinal = 0;       // of the disk among its point's disks
};

struct DiskRow {
    DiskId id = 0;
    DiskKey key;
    std::string directory;  // "<vm>/<target>", relative to the collection's
    // The image that the disk's chain begins with; none: base.raw in the directory.
    std::optional<std::string> adopted_path{};
    std::string adopted_format{};
    bool sums_behind = false;  // base.sums may be older than base.raw
    // Of a disk without a point: the full copy that its base has the first `copy_done` bytes of; 0:
    // none that can be gone on with.
    std::uint64_t copy = 0;
    std::uint64_t copy_done = 0;
    std::optional<Sequence> folding{};  // the layer that is being folded into the base
    std::vector<LayerRow> layers{};     // ascending

    const LayerRow* layer(Sequence sequence) const;
};

struct PointRow {
    PointInfo info;  // without the VMs' definitions, which can be large: see Manifest::vms()
    ReceiveId receive;
    std::vector<std::string> pins;  // reasons
};

// A receive that goes on: how far its disks are.
struct ReceiveRow {
    ReceiveId id;
    std::vector<std::pair<DiskId, std::uint64_t>> bulk_done;  // bytes from the start
    // Of each disk in bulk_done: the copy that these are of, see point::ReceiveHeader. Not read.
    std::vector<std::uint64_t> copies{};
};

struct CollectionRow {
    CollectionId id;
    std::string directory;
    std::vector<DiskRow> disks;
    std::vector<PointRow> points;  // ascending
    std::optional<ReceiveRow> receive;

    const PointRow* newest() const { return points.empty() ? nullptr : &points.back(); }
    // A seed is no recovery point, and only the lowest point can be one.
    bool has_recovery_points() const {
        return !points.empty() && points.back().info.kind != PointKind::seed;
    }
    const PointRow* point(Sequence sequence) const;
    const DiskRow* disk(DiskId disk_id) const;
    // The disk that has this key at a point; null when the point has none.
    const DiskRow* disk_at(Sequence sequence, const DiskKey& key) const;
    // The disk with this key that has no point yet.
    const DiskRow* unborn_disk(const DiskKey& key) const;
};

struct NewLayer {
    DiskId disk = 0;
    LayerRow layer;
};

struct ReplacedLayer {
    Sequence sequence;
    std::uint64_t stored_bytes = 0;
};

class Manifest {
  public:
    Manifest(sys::World& world, const sys::Path& path);

    std::vector<CollectionId> collections();
    std::optional<CollectionRow> load(CollectionId collection);
    std::vector<VmDefinition> vms(CollectionId collection, Sequence sequence);
    // Directories that are no longer the store's, and whose they were.
    std::vector<std::pair<std::string, CollectionId>> released();

    void add_collection(CollectionId collection, const std::string& directory);
    void add_disk(CollectionId collection, const DiskRow& disk);
    void remove_disk(DiskId disk);
    void set_sums_behind(const std::vector<DiskId>& disks);

    // A collection with these disks and one point; the one of this id that there was is released,
    // or forgotten when it has no recovery points.
    void adopt(const CollectionRow& adopted, const PointInfo& info,
               const std::vector<LayerRow>& layers);

    // Copies of disks that are in no point, but those of `kept`, will not be gone on with.
    void keep_copies(CollectionId collection, const std::vector<DiskKey>& kept);

    // Replaces the receive that there was.
    void begin_receive(CollectionId collection, const ReceiveRow& receive);
    void set_bulk_done(CollectionId collection, const ReceiveRow& receive);
    void end_receive(CollectionId collection);

    // Makes a point true, and ends the receive. Repeating it is no error.
    void add_point(CollectionId collection, const PointInfo& info, ReceiveId receive,
                   const std::vector<NewLayer>& layers);
    void remove_points(CollectionId collection, const std::vector<Sequence>& points);

    void begin_fold(DiskId disk, Sequence layer);
    // The layers' files are other ones with the same meaning. Ends a fold, if they are its.
    void replace_layers(DiskId disk, const std::vector<ReplacedLayer>& layers, bool ends_fold);
    void remove_layers(DiskId disk, const std::vector<Sequence>& gone);

    void pin(CollectionId collection, Sequence sequence, const std::string& reason);
    void unpin(CollectionId collection, Sequence sequence, const std::string& reason);

    // The collection's rows go. Its directory is noted as released when `keep_files`.
    void remove_collection(CollectionId collection, bool keep_files);
    // Of the directories that a collection released nothing is known any more.
    void forget_released(CollectionId collection);

  private:
    std::vector<DiskRow> load_disks(CollectionId collection);
    std::vector<LayerRow> load_layers(DiskId disk);
    std::vector<PointRow> load_points(CollectionId collection);
    std::optional<ReceiveRow> load_receive(CollectionId collection);
    void insert_collection(CollectionId collection, const std::string& directory);
    DiskId insert_disk(CollectionId collection, const DiskRow& disk);
    void insert_layer(const NewLayer& layer);
    void note_copies(const ReceiveRow& receive);
    void delete_collection(CollectionId collection, bool keep_files);
    void insert_point(CollectionId collection, const PointInfo& info, ReceiveId receive);
    void insert_vms(CollectionId collection, const PointInfo& info);
    void delete_layer(DiskId disk, Sequence sequence);
    template <class Change>
    void change(const Change& make);

    sys::Exclusive turn_;
    Database database_;
};

}  // namespace reviver::store
