#include "qemu/qmp.h"

#include "qemu/qmp_json.h"

#include <fmt/format.h>

namespace reviver::qemu {

namespace json = boost::json;

namespace {

Bitmap bitmap_of(const json::object& from) {
    Bitmap bitmap;
    bitmap.name = string_field_or(from, "name", "");
    bitmap.granularity_bytes = number_field(from, "granularity");
    bitmap.dirty_bytes = number_field(from, "count");
    bitmap.recording = bool_field(from, "recording");
    bitmap.busy = bool_field(from, "busy");
    bitmap.persistent = bool_field(from, "persistent");
    bitmap.inconsistent = bool_field_or(from, "inconsistent", false);
    return bitmap;
}

BlockNode node_of(const json::object& from) {
    const json::object& image = object_of(field(from, "image"));
    BlockNode node;
    node.name = string_field_or(from, "node-name", "");
    node.driver = string_field(from, "drv");
    node.file = string_field(from, "file");
    node.backing_file = string_field_or(from, "backing_file", "");
    node.size_bytes = number_field(image, "virtual-size");
    node.read_only = bool_field(from, "ro");
    if (const json::value* bitmaps = from.if_contains("dirty-bitmaps")) {
        for (const json::value& bitmap : array_of(*bitmaps)) {
            node.bitmaps.push_back(bitmap_of(object_of(bitmap)));
        }
    }
    return node;
}

GuestDisk guest_disk_of(const json::object& from) {
    GuestDisk disk;
    disk.qdev = string_field_or(from, "qdev", "");
    if (const json::value* inserted = from.if_contains("inserted")) {
        disk.node = string_field_or(object_of(*inserted), "node-name", "");
        disk.file = string_field(object_of(*inserted), "file");
    }
    return disk;
}

template <class T>
std::vector<T> list_of(const json::value& value, T (*convert)(const json::object&)) {
    std::vector<T> result;
    for (const json::value& item : array_of(value)) result.push_back(convert(object_of(item)));
    return result;
}

}  // namespace

std::vector<BlockNode> block_nodes(const Qmp& qmp) {
    // Flat: without the whole backing chain repeated inside every node of it.
    return list_of(call(qmp, "query-named-block-nodes", {{"flat", true}}), node_of);
}

// QEMU names a device by its id, or by its QOM path when the block device is a child of it:
// "sata0-0-0", "/machine/peripheral/virtio-disk0/virtio-backend".
bool is_device(const GuestDisk& disk, std::string_view alias) {
    const std::string path = "/" + disk.qdev + "/";
    return !alias.empty() && path.find(fmt::format("/{}/", alias)) != std::string::npos;
}

std::vector<GuestDisk> guest_disks(const Qmp& qmp) {
    return list_of(call(qmp, "query-block"), guest_disk_of);
}

}  // namespace reviver::qemu
