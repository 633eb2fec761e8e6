// Chains of files: which layers a layer builds on. The headers of the layers say it, as they say it
// to QEMU, and not the manifest: the rename that puts a merged layer in the place of one then
// changes what is read and what it is read with at once.
#pragma once

#include "store/context.h"
#include "store/layer_reader.h"
#include "store/stack.h"

#include <memory>
#include <vector>

namespace reviver::store {

// Of one layer. Error corrupt when the file belongs to another disk or point.
qcow2::Header layer_header(Context& context, const CollectionRow& collection, const DiskRow& disk,
                           Sequence sequence);
// From the lowest to `top`. Error corrupt as above.
std::vector<qcow2::Header> chain_headers(Context& context, const CollectionRow& collection,
                                         const DiskRow& disk, Sequence top);
std::vector<std::shared_ptr<LayerReader>> open_layers(Context& context,
                                                      const CollectionRow& collection,
                                                      const DiskRow& disk, Sequence top);
std::unique_ptr<point::Image> open_base(Context& context, const CollectionRow& collection,
                                        const DiskRow& disk);
std::unique_ptr<point::Image> open_chain(Context& context, const CollectionRow& collection,
                                         const DiskRow& disk, Sequence top);

// What a new layer's header says is below it.
struct Backing {
    std::string path;
    std::string format;
};
Backing backing_of(const DiskRow& disk, Sequence parent);  // 0: the base

}  // namespace reviver::store
