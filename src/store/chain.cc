#include "store/chain.h"

#include "base/error.h"
#include "store/limits.h"
#include "store/names.h"

#include <algorithm>

namespace reviver::store {
namespace {

void check_owner(const qcow2::Header& header, const CollectionRow& collection, const DiskRow& disk,
                 Sequence sequence, const sys::Path& path) {
    if (header.collection != collection.id || header.disk != disk.key ||
        header.sequence != sequence)
        fail(Code::corrupt, "{} is a good layer, but it is point {} of disk {} of collection {}",
             path.string(), header.sequence.value, header.disk.text(), header.collection.text());
}

// Calls `open(path)`, which answers a header, for each layer from `top` down.
template <class Open>
void walk_down(Context& context, const CollectionRow& collection, const DiskRow& disk, Sequence top,
               const Open& open) {
    std::size_t count = 0;
    // Ends: a header is refused unless its parent is older than itself.
    for (Sequence at = top; at.value != 0;) {
        if (++count > chain_layers_max)
            fail(Code::out_of_memory, "the chain of {} has more than {} layers", disk.key.text(),
                 chain_layers_max);
        const sys::Path path = context.directory(collection, disk) / layer_name(at);
        const qcow2::Header header = open(path);
        check_owner(header, collection, disk, at, path);
        at = header.parent;
    }
}

}  // namespace

qcow2::Header layer_header(Context& context, const CollectionRow& collection, const DiskRow& disk,
                           Sequence sequence) {
    const sys::Path path = context.directory(collection, disk) / layer_name(sequence);
    qcow2::Header header = LayerReader::read_header(context.world.files, path);
    check_owner(header, collection, disk, sequence, path);
    return header;
}

std::vector<qcow2::Header> chain_headers(Context& context, const CollectionRow& collection,
                                         const DiskRow& disk, Sequence top) {
    std::vector<qcow2::Header> headers;
    walk_down(context, collection, disk, top, [&](const sys::Path& path) {
        headers.push_back(LayerReader::read_header(context.world.files, path));
        return headers.back();
    });
    std::ranges::reverse(headers);
    return headers;
}

std::vector<std::shared_ptr<LayerReader>> open_layers(Context& context,
                                                      const CollectionRow& collection,
                                                      const DiskRow& disk, Sequence top) {
    std::vector<std::shared_ptr<LayerReader>> layers;
    walk_down(context, collection, disk, top, [&](const sys::Path& path) {
        layers.push_back(std::make_shared<LayerReader>(context.world.files, path));
        return layers.back()->header();
    });
    std::ranges::reverse(layers);
    return layers;
}

std::unique_ptr<point::Image> open_base(Context& context, const CollectionRow& collection,
                                        const DiskRow& disk) {
    if (disk.adopted_path) return context.opener.open(*disk.adopted_path, disk.adopted_format);
    const sys::Path path = context.directory(collection, disk) / base_name();
    return std::make_unique<RawImage>(context.world.files.open(path, sys::OpenMode::read));
}

std::unique_ptr<point::Image> open_chain(Context& context, const CollectionRow& collection,
                                         const DiskRow& disk, Sequence top) {
    const auto readers = open_layers(context, collection, disk, top);
    return std::make_unique<ChainImage>(Stack({readers.begin(), readers.end()}),
                                        open_base(context, collection, disk));
}

Backing backing_of(const DiskRow& disk, Sequence parent) {
    if (parent.value != 0) return {layer_name(parent), "qcow2"};
    if (disk.adopted_path) return {*disk.adopted_path, disk.adopted_format};
    return {base_name(), "raw"};
}

}  // namespace reviver::store
