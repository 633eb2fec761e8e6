#include "capture/live_disk.h"

#include "base/error.h"
#include "qemu/served_disk.h"

#include <algorithm>

namespace reviver::capture {

namespace {

const qemu::BlockNode& node_named(const std::vector<qemu::BlockNode>& nodes,
                                  const std::string& name, const std::string& target) {
    const auto node =
        std::find_if(nodes.begin(), nodes.end(), [&](const auto& n) { return n.name == name; });
    if (node == nodes.end()) fail(Code::invalid_state, "disk '{}' has no medium", target);
    return *node;
}

LiveDisk served_disk(const std::vector<qemu::BlockNode>& nodes, const std::string& target) {
    const auto& node = node_named(nodes, qemu::served_disk_node, target);
    return {target, "", node.name, node.driver, node.size_bytes, node.bitmaps};
}

LiveDisk live_disk(const std::vector<qemu::GuestDisk>& devices,
                   const std::vector<qemu::BlockNode>& nodes, const hypervisor::Disk& disk) {
    const auto device = std::find_if(devices.begin(), devices.end(),
                                     [&](const auto& d) { return qemu::is_device(d, disk.alias); });
    if (device == devices.end())
        fail(Code::unavailable,
             "QEMU has no disk '{}' ({}): it was unplugged, or its definition changed", disk.target,
             disk.alias);
    const auto& node = node_named(nodes, device->node, disk.target);
    return {disk.target,     "/machine/peripheral/" + disk.alias,
            node.name,       node.driver,
            node.size_bytes, node.bitmaps};
}

}  // namespace

qemu::Qmp qmp_of(hypervisor::Hypervisor& hypervisor, VmId vm) {
    return [&hypervisor, vm](const std::string& command, const std::string& arguments) {
        return hypervisor.qmp(vm, command, arguments);
    };
}

std::vector<LiveDisk> live_disks(const qemu::Qmp& qmp, const std::vector<hypervisor::Disk>& disks) {
    const auto devices = qemu::guest_disks(qmp);
    const auto nodes = qemu::block_nodes(qmp);
    std::vector<LiveDisk> found;
    found.reserve(disks.size());
    for (const auto& disk : disks)
        found.push_back(disk.shared ? served_disk(nodes, disk.target)
                                    : live_disk(devices, nodes, disk));
    return found;
}

std::string title(const hypervisor::Domain& domain) {
    return (domain.is_storage_daemon() ? "shared disk " : "VM ") + domain.name;
}

bool has_qemu(const hypervisor::Domain& domain) {
    return domain.power == hypervisor::Power::running || domain.power == hypervisor::Power::held ||
           (domain.power == hypervisor::Power::crashed && domain.process_id != 0);
}

std::vector<SeenBitmap> seen(const std::vector<qemu::Bitmap>& bitmaps) {
    std::vector<SeenBitmap> result;
    for (const auto& bitmap : bitmaps)
        result.push_back({bitmap.name, bitmap.recording, bitmap.inconsistent});
    return result;
}

}  // namespace reviver::capture
