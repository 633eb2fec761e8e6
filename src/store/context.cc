#include "store/context.h"

#include "base/error.h"

#include <utility>

namespace reviver::store {
namespace {

// Upkeep leaves room for a layer that comes before its next round, and lasting points room for
// those of their hour.
ChainLimits limits_of(std::size_t layers_max) {
    ChainLimits limits;
    limits.layers_max = layers_max - 1;
    limits.lasting_max = layers_max - 3;
    return limits;
}

}  // namespace

Context::Context(sys::World& the_world, sys::Path the_root, point::ImageOpener& the_opener,
                 const Options& options)
    : world(the_world),
      root(std::move(the_root)),
      opener(the_opener),
      reserve_share(options.reserve_share),
      limits(limits_of(options.chain_layers_max)),
      upkeep_throttle(world.clock, options.upkeep_bytes_per_second_max),
      manifest(world, root / "manifest.db") {}

std::shared_ptr<Live> Context::live(CollectionId collection) {
    const std::lock_guard lock(mutex);
    auto& found = lives[collection];
    if (!found) found = std::make_shared<Live>(world);
    return found;
}

CollectionRow Context::load(CollectionId collection) {
    auto row = manifest.load(collection);
    if (!row) fail(Code::not_found, "the store has no collection {}", collection.text());
    return std::move(*row);
}

void Context::need_space(std::uint64_t bytes) {
    const sys::Space space = world.files.space(root);
    const auto reserve =
        static_cast<std::uint64_t>(reserve_share * static_cast<double>(space.total_bytes));
    if (space.free_bytes < reserve + bytes)
        fail(
            Code::no_space,
            "{} has {} MiB free, and {} MiB are kept in reserve: make room, or shorten the history",
            root.string(), space.free_bytes >> 20, reserve >> 20);
}

}  // namespace reviver::store
