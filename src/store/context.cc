#include "store/context.h"

#include "base/error.h"

#include <utility>

namespace reviver::store {

Context::Context(sys::World& the_world, sys::Path the_root, point::ImageOpener& the_opener,
                 double the_reserve_share)
    : world(the_world),
      root(std::move(the_root)),
      opener(the_opener),
      reserve_share(the_reserve_share),
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
