#include "capture/changes.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/bitmap_transaction.h"
#include "capture/disk_memory.h"
#include "capture/limits.h"
#include "capture/live_disk.h"
#include "capture/nbd_server.h"
#include "capture/off_disk.h"
#include "capture/tracking.h"
#include "qemu/image_tool.h"

#include <algorithm>

namespace reviver::capture {

namespace {

LiveDisk live_disk_of(const hypervisor::Domain& domain, const qemu::Qmp& qmp,
                      const MemberDisk& disk) {
    for (const auto& defined : domain.disks)
        if (defined.target == disk.shape.key.target) return live_disks(qmp, {defined}).front();
    fail(Code::invalid_state, "VM {} has no disk {}", domain.name, disk.shape.key.target);
}

RangeSet read_marked(const qemu::NbdAddress& address, const std::string& bitmap) {
    qemu::NbdReader reader(address, {qemu::bitmap_context(bitmap)});
    RangeSet marked;
    for (std::uint64_t at = 0; at < reader.size_bytes(); at += plan_window) {
        marked.add(reader.dirty(bitmap, {at, std::min(plan_window, reader.size_bytes() - at)}));
        if (marked.count() > changed_ranges_max)
            marked = marked.widened_to(point::compare_block, reader.size_bytes());
    }
    return marked;
}

void remove_bitmap(const qemu::Qmp& qmp, const std::string& node, const std::string& name) {
    BitmapTransaction transaction;
    transaction.remove(node, name);
    transaction.run(qmp);
}

// The bitmaps of a running disk cannot be exported, because one of them records: a copy of their
// union is.
RangeSet live_union(const CaptureOf& capture, const hypervisor::Domain& domain,
                    const LiveDisk& disk, const std::vector<std::string>& bitmaps) {
    const auto qmp = qmp_of(capture.hypervisor, domain.id);
    const auto name = question_bitmap_name(capture.collection);
    std::uint64_t granularity = 0;
    for (const auto& bitmap : disk.bitmaps) {
        if (bitmap.name == bitmaps.front()) granularity = bitmap.granularity_bytes;
        if (bitmap.name == name) remove_bitmap(qmp, disk.node, name);  // of one who died asking
    }
    BitmapTransaction copy;
    copy.add(disk.node, {name, granularity, false, false});
    copy.merge(disk.node, name, bitmaps);
    copy.run(qmp);
    auto server = nbd_server_of(capture.hypervisor, capture.collection, capture.directory, domain);
    server.start();
    const auto id = export_id(capture.collection, ExportKind::changes, 0);
    const auto marked = read_marked(server.add({id, disk.node, id, name, disk.node}), name);
    server.stop();
    remove_bitmap(qmp, disk.node, name);
    return marked;
}

std::optional<RangeSet> live_changes(const CaptureOf& capture, const hypervisor::Domain& domain,
                                     const MemberDisk& disk, Sequence since) {
    const auto qmp = qmp_of(capture.hypervisor, domain.id);
    take_down(capture.hypervisor, capture.collection, capture.directory, domain);
    const auto live = live_disk_of(domain, qmp, disk);
    const auto coverage =
        coverage_of(capture.collection, disk.shape.key, seen(live.bitmaps), since, std::nullopt);
    if (!coverage.known || !coverage.bulk.empty()) return std::nullopt;
    return live_union(capture, domain, live, coverage.joined);
}

std::optional<RangeSet> off_changes(const CaptureOf& capture, const MemberDisk& disk,
                                    Sequence since) {
    const DiskMemory memory(capture.files, capture.directory / "disks.json");
    const auto* remembered = memory.find(disk.shape.key);
    const bool acknowledged = remembered != nullptr && remembered->acknowledged == since;
    if (acknowledged && state_of_image(disk.path) == remembered->state) return RangeSet();
    const auto older =
        acknowledged && !remembered->base.empty() ? std::optional(remembered->base) : std::nullopt;
    const auto coverage =
        coverage_of(capture.collection, disk.shape.key, saved_bitmaps(disk), since, older);
    if (!coverage.known || !coverage.bulk.empty()) return std::nullopt;
    return marked_in_image(disk, coverage.joined);
}

void forget_live(const CaptureOf& capture, const hypervisor::Domain& domain,
                 const MemberDisk& disk) {
    const auto qmp = qmp_of(capture.hypervisor, domain.id);
    take_down(capture.hypervisor, capture.collection, capture.directory, domain);
    const auto live = live_disk_of(domain, qmp, disk);
    BitmapTransaction transaction;
    for (const auto& bitmap : live.bitmaps)
        if (bitmap.name.starts_with(name_prefix(capture.collection)))
            transaction.remove(live.node, bitmap.name);
    transaction.run(qmp);
}

void forget_off(const CaptureOf& capture, const MemberDisk& disk) {
    for (const auto& bitmap : saved_bitmaps(disk))
        if (bitmap.name.starts_with(name_prefix(capture.collection)))
            qemu::remove_bitmap(disk.path, bitmap.name);
}

// None of what is not here any more.
std::vector<hypervisor::Disk> disks_of(hypervisor::Hypervisor& hypervisor, VmId owner) {
    try {
        return hypervisor.domain(owner).disks;
    } catch (const Error& error) {
        if (error.code() != Code::not_found) throw;
        return {};
    }
}

}  // namespace

std::uint64_t changed_bytes(hypervisor::Hypervisor& hypervisor, CollectionId collection,
                            const std::vector<VmId>& vms) {
    std::uint64_t total = 0;
    for (const auto vm : vms) {
        if (!has_qemu(hypervisor.domain(vm))) continue;
        for (const auto& node : qemu::block_nodes(qmp_of(hypervisor, vm)))
            for (const auto& bitmap : node.bitmaps)
                if (bitmap.recording && bitmap.name.starts_with(name_prefix(collection)))
                    total += bitmap.dirty_bytes;
    }
    return total;
}

std::optional<RangeSet> changes_since(const CaptureOf& capture, const MemberDisk& disk,
                                      Sequence since) {
    const auto domain = capture.hypervisor.domain(disk.shape.key.vm);
    if (has_qemu(domain)) return live_changes(capture, domain, disk, since);
    return off_changes(capture, disk, since);
}

void stop_tracking(const CaptureOf& capture, const std::vector<MemberDisk>& disks) {
    for (const auto& disk : disks) {
        const auto domain = capture.hypervisor.domain(disk.shape.key.vm);
        if (has_qemu(domain))
            forget_live(capture, domain, disk);
        else
            forget_off(capture, disk);
    }
}

void let_go(const CaptureOf& capture, const std::vector<DiskKey>& disks) {
    for (const DiskKey& key : disks)
        for (const auto& defined : disks_of(capture.hypervisor, key.vm))
            if (defined.target == key.target && !defined.source.empty())
                stop_tracking(capture, {{{key, 0}, defined.source, defined.format}});
}

}  // namespace reviver::capture
