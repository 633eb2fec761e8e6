// The store keeps the recovery points of a site: for each disk a base image and immutable layers
// above it, one a point.
//
//        base.raw      p3.qcow2     p7.qcow2     p9.qcow2
//     [   .. p3   ] ← (  empty  ] ← ( p3 .. p7 ] ← ( p7 .. p9 ]        a read goes from right to
//     left
//
// Every point has one layer file for each of its disks, and whoever opens that file with stock QEMU
// sees the disk at the point: each header names the file below it. Layers are named by the point
// they end at, so a layer can be replaced by a merged one under the same name. A merge may reach
// below points that stay, so that layers are a tree and no chain of it gets long: compaction.h.
//
// Invariants, whenever the power may go:
//   * A point is in the manifest (one SQLite transaction for all disks of the group) only after all
//   its files are durable.
//   * A file that the manifest names is complete. One of ours that it does not name is garbage,
//   removed at the next start.
//   * What retained points read never changes: layers are replaced only by ones with the same
//     content, and a base is written only where the layers of every retained point shadow it.
//   * An adopted base (a user's own image) is never written.
//
// Files: docs/formats/store.md. Everything goes through sys::World, so that the same code runs
// under the simulator. Threads: all of Store may be called by any task at any time; Sinks and
// Images that it gives belong to one task each. Errors: not_found for an unknown collection or
// point, invalid_state for a right call at the wrong moment, in_use for what is pinned or locked,
// no_space, corrupt for damaged files.
//
// A seed (PointKind::seed) is an older copy of the group's disks that a collection without points
// adopts: the first point is received on top of it. It is no moment of the group, so it is never
// listed among the points and nobody can fail over to it; retention drops it when there is a point.
#pragma once

#include "model/point.h"
#include "point/copy.h"
#include "point/image.h"
#include "point/point.h"
#include "store/retention.h"
#include "store/scrub.h"
#include "sys/world.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reviver::store {

constexpr std::size_t chain_layers_least = 4;

struct Options {
    // Of the file system, kept free: below it receives are refused with no_space before anything is
    // harmed.
    double reserve_share = 0.03;
    // Layers in the chain of a point that is pinned, its base not counted. More of them cost a VM
    // that boots on the point time, fewer cost room and copying.
    std::size_t chain_layers_max = 8;
    // That upkeep copies, all collections together; 0: no limit. What a pin copies is not held up.
    std::uint64_t upkeep_bytes_per_second_max = 0;
};

// A disk image of this site that becomes the base of a chain. `format` is QEMU's name of it ("raw",
// "qcow2").
struct AdoptedDisk {
    DiskKey key;
    std::uint64_t size_bytes = 0;
    sys::Path path;  // absolute
    std::string format;
};

// One file of a chain, to put an overlay on: QEMU's name of the format with it.
struct ChainFile {
    sys::Path path;
    std::string format;
    bool operator==(const ChainFile&) const = default;
};

// Why a point stays; without a reason it goes at the next upkeep.
struct KeptPoint {
    Sequence sequence;
    std::vector<KeptAs> reasons;
    std::vector<std::string> pins;  // what it is pinned for
};

// What one step of upkeep did.
struct Upkeep {
    std::vector<Sequence> dropped;  // points that the policy took out
    std::uint64_t layers_removed = 0;
    std::uint64_t bytes_copied = 0;
    bool more = false;  // call again
};

class Store {
  public:
    // Opens (or makes) DATA/store, finishes what a crash interrupted and removes what it orphaned.
    // `opener` opens adopted bases. in_use when another process has it open, not_supported when it
    // was made by a newer version.
    Store(sys::World& world, const sys::Path& data_directory, point::ImageOpener& opener,
          Options options = {});
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // --- receiving: see point/point.h. A collection has one receive at a time: open() of another
    // ReceiveId drops the layers of the one before (what is in a base stays), and open() of the
    // same one takes over from the Sink that had it. A full copy of a disk that is in no point yet
    // goes on in any receive that names the same copy: so it can be brought bit by bit, between
    // points of the other disks.
    std::unique_ptr<point::Sink> receive();
    // Of the disks that are in no point, only these are still being copied; what was copied of
    // others is removed by the next upkeep.
    void keep_copies(CollectionId collection, const std::vector<DiskKey>& kept);
    // Gives up a receive that will not be continued, and its space.
    void drop_receive(CollectionId collection);

    // --- what is there
    std::vector<CollectionId> collections();
    std::vector<PointInfo> points(
        CollectionId collection);  // ascending; empty for an unknown collection
    std::optional<PointInfo> newest(CollectionId collection);
    // What the next receive builds on: the newest point, or the seed while there is none.
    std::optional<PointInfo> tip(CollectionId collection);
    std::unique_ptr<point::Image> open_disk(CollectionId collection, Sequence sequence,
                                            const DiskKey& disk);
    // From the base to the point's own layer, whose name alone is enough for QEMU. Pin the point
    // first: upkeep replaces the files of a point that is not pinned. The base and at most
    // chain_layers_max layers; more only when that could not be brought about (see the log).
    std::vector<ChainFile> chain_files(CollectionId collection, Sequence sequence,
                                       const DiskKey& disk);

    // --- changes that are no receive; each is one transaction
    // A pinned point, and all files below it, stay as they are. Before that its chain is brought
    // to its length, should upkeep be behind: a copy of what came lately, which waits for the
    // upkeep at work. Durable; `reason` tells pins apart, repeating one is no error.
    void pin(CollectionId collection, Sequence sequence, const std::string& reason);
    void unpin(CollectionId collection, Sequence sequence, const std::string& reason);
    // Begins a new chain on this site's own images; `tail` describes the state they hold, or is of
    // kind seed. Points that were there before are let go of, but their files stay, since the
    // images may build on them. A seed that was there goes with its files, which nothing builds on.
    void adopt(CollectionId collection, const PointInfo& tail,
               const std::vector<AdoptedDisk>& disks);
    // The VMs of the collection run on images that build on its bases and on nothing else any more
    // (a failover was committed and flattened): forgets the collection, pins included, and deletes
    // its layer files; base files stay where they are and are no longer the store's. Asked again
    // after a crash, and for an unknown collection, it is no error. A later adopt() or receive of
    // the collection must get along with a base.raw that lies there and belongs to somebody.
    void hand_over(CollectionId collection);
    void remove_point(CollectionId collection, Sequence sequence);  // not the newest: invalid_state
    // With `delete_files` all is gone; without, the files stay where they are and are no longer the
    // store's.
    void remove_collection(CollectionId collection, bool delete_files);

    // Why the policy keeps what it keeps, for each point.
    std::vector<KeptPoint> kept(CollectionId collection, const RetentionPolicy& policy);

    // --- upkeep, beside running receives
    // Drops the points that the policy lets go, then does one merge or fold, as fast as the options
    // allow. Of `filters` the stop is used, and the throttle in place of the store's own.
    Upkeep maintain_once(CollectionId collection, const RetentionPolicy& policy,
                         const point::Filters& filters = {});
    // Makes the chain of a point shorter, which takes no point away; answers the longest chain of
    // its disks, in layers: at most `layers_max`, unless the point is pinned or below one that is.
    std::size_t shorten(CollectionId collection, Sequence sequence, std::size_t layers_max,
                        const point::Filters& filters = {});
    // Reads all that is kept and compares it with its checksums. `progress` gets bytes done and
    // bytes in all; false ends the scrub.
    ScrubReport scrub(CollectionId collection, const ScrubProgress& progress);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace reviver::store
