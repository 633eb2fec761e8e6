// What the parts of one store share. Private to the folder.
#pragma once

#include "point/copy.h"
#include "point/image.h"
#include "store/compaction.h"
#include "store/manifest.h"
#include "store/store.h"
#include "sys/exclusive.h"
#include "sys/world.h"

#include <map>
#include <memory>
#include <mutex>

namespace reviver::store {

class Receive;

// The turns of one collection, and its receive. Taken in this order, and any may be left out:
// receive, upkeep, files. The manifest's own turn comes last.
struct Live {
    explicit Live(sys::World& world) : receive_turn(world), upkeep_turn(world), files_turn(world) {}

    sys::Exclusive receive_turn;  // who holds it uses `receive`
    sys::Exclusive upkeep_turn;   // who holds it writes to bases, or reads their checksums
    sys::Exclusive
        files_turn;  // who holds it may open files by name; renames and removals happen under it
    std::shared_ptr<Receive> receive;
    std::uint64_t opens = 0;  // of the receive's sinks: the last to open has it
};

struct Context {
    Context(sys::World& the_world, sys::Path the_root, point::ImageOpener& the_opener,
            const Options& options);

    sys::World& world;
    const sys::Path root;  // DATA/store
    point::ImageOpener& opener;
    const double reserve_share;
    const ChainLimits limits;
    point::Throttle upkeep_throttle;
    Manifest manifest;

    std::mutex mutex;  // of `lives`
    std::map<CollectionId, std::shared_ptr<Live>> lives;

    std::shared_ptr<Live> live(CollectionId collection);
    // not_found when there is no such collection.
    CollectionRow load(CollectionId collection);
    sys::Path directory(const CollectionRow& collection, const DiskRow& disk) const {
        return root / collection.directory / disk.directory;
    }
    // no_space when less than the reserve would be left after taking `bytes`.
    void need_space(std::uint64_t bytes);
};

}  // namespace reviver::store
