#include "capture/off_disk.h"

#include "capture/feeds.h"
#include "capture/limits.h"
#include "qemu/offline_export.h"

namespace reviver::capture {

namespace {

using Exports = std::vector<std::unique_ptr<qemu::OfflineExport>>;

std::vector<BitmapReader> open_bitmaps(const MemberDisk& disk,
                                       const std::vector<std::string>& names, Exports& exports) {
    std::vector<BitmapReader> readers;
    for (const auto& name : names) {
        exports.push_back(std::make_unique<qemu::OfflineExport>(
            qemu::OfflineImage{disk.path, disk.format, name}));
        readers.push_back(
            {std::make_unique<qemu::NbdReader>(
                 exports.back()->address(), std::vector<std::string>{qemu::bitmap_context(name)}),
             name});
    }
    return readers;
}

std::unique_ptr<qemu::NbdReader> open_data(const MemberDisk& disk, Exports& exports) {
    exports.push_back(
        std::make_unique<qemu::OfflineExport>(qemu::OfflineImage{disk.path, disk.format, ""}));
    return std::make_unique<qemu::NbdReader>(exports.back()->address(),
                                             std::vector<std::string>{qemu::allocation_context});
}

DiskInput off_marked(const MemberDisk& disk, const std::vector<std::string>& bitmaps,
                     std::uint64_t marked_bytes) {
    auto exports = std::make_shared<Exports>();
    DiskInput input;
    input.reader = open_data(disk, *exports);
    input.feed =
        std::make_unique<MarkedFeed>(open_bitmaps(disk, bitmaps, *exports), input.reader.get());
    input.keeps = exports;
    input.size_bytes = disk.shape.size_bytes;
    input.marked_bytes = marked_bytes;
    return input;
}

}  // namespace

RangeSet marked_in_image(const MemberDisk& disk, const std::vector<std::string>& bitmaps) {
    Exports exports;
    RangeSet marked;
    for (auto& bitmap : open_bitmaps(disk, bitmaps, exports))
        marked.add(bitmap.reader->dirty(bitmap.bitmap, {0, bitmap.reader->size_bytes()}));
    return marked;
}

GroupPart off_part(const TrackedDisk& disk) {
    GroupPart part;
    part.disk = static_cast<std::uint32_t>(disk.index);
    if (disk.known != TrackedDisk::Known::marked) return part;
    part.marked_bytes = marked_in_image(disk.member, disk.joined).total_bytes();
    part.open = [member = disk.member, bitmaps = disk.joined, marked = part.marked_bytes] {
        return off_marked(member, bitmaps, marked);
    };
    return part;
}

DiskInput off_whole(const MemberDisk& disk, std::uint64_t from_bytes) {
    auto exports = std::make_shared<Exports>();
    DiskInput input;
    input.reader = open_data(disk, *exports);
    input.feed = std::make_unique<WholeFeed>(*input.reader);
    input.keeps = exports;
    input.size_bytes = disk.shape.size_bytes;
    input.from_bytes = from_bytes;
    input.marked_bytes = disk.shape.size_bytes - from_bytes;
    return input;
}

}  // namespace reviver::capture
