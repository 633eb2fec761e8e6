#include "capture/live_cut.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/bitmap_transaction.h"
#include "capture/feeds.h"
#include "capture/fleece.h"
#include "capture/limits.h"
#include "capture/nbd_server.h"
#include "qemu/nbd_flush.h"
#include "qemu/qmp_json.h"

#include <algorithm>

namespace reviver::capture {

namespace {

NbdServer server_of(const TrackingContext& context, const TrackedVm& vm) {
    return nbd_server_of(context.hypervisor, context.collection, context.options.directory,
                         vm.domain);
}

// The hold is longer without it, and no less right.
void flush_ahead(const qemu::NbdAddress& address) {
    try {
        qemu::flush(address);
    } catch (const Error& error) {
        log_warning("ahead of the cut: {}", error.what());
    }
}

// From the first export on, QEMU refuses to resize a disk.
void confirm_shapes(const qemu::Qmp& qmp, const TrackedVm& vm) {
    const auto nodes = qemu::block_nodes(qmp);
    for (const auto& disk : vm.disks) {
        const auto same = [&](const qemu::BlockNode& node) {
            return node.name == disk.live.node && node.size_bytes == disk.live.size_bytes;
        };
        if (std::none_of(nodes.begin(), nodes.end(), same))
            fail(Code::unavailable, "disk {} was resized or replaced: the cycle begins again",
                 disk.live.target);
    }
}

class LiveHeldVm : public HeldVm {
  public:
    LiveHeldVm(const TrackingContext& context, const TrackedVm& vm, Sequence sequence)
        : context_(context),
          vm_(vm),
          qmp_(qmp_of(context.hypervisor, vm.domain.id)),
          sequence_(sequence) {}

    VmId id() const override { return vm_.domain.id; }
    // A VM that its user paused stays paused.
    bool runs() const override {
        return vm_.domain.power == hypervisor::Power::running && !serves_others();
    }
    bool serves_others() const override { return vm_.domain.is_storage_daemon(); }
    void stop() override { qemu::call(qmp_, "stop"); }
    void resume() override { qemu::call(qmp_, "cont"); }

    void change() override {
        change_bitmaps();
        for (const auto& disk : vm_.disks)
            insert_filter(qmp_, disk.live, fleece_names(context_.collection, disk.index), disk.base,
                          context_.options.copy_before_write_max);
        if (!serves_others()) confirm_stopped();
    }

  private:
    void change_bitmaps() {
        BitmapTransaction transaction;
        for (const auto& disk : vm_.disks) {
            const auto next =
                bitmap_name(context_.collection, disk.member.shape.key, {sequence_, ""});
            transaction.add(disk.live.node, {next, disk.granularity_bytes, disk.persistent, true});
            transaction.disable(disk.live.node, disk.base);
        }
        transaction.run(qmp_);
    }

    // Somebody may have resumed the VM by hand in the middle of the hold.
    void confirm_stopped() {
        const auto status = qemu::call(qmp_, "query-status");
        if (qemu::bool_field(qemu::object_of(status), "running"))
            fail(Code::unavailable,
                 "somebody resumed the VM in the middle of a cut: the cut was given up");
    }

    const TrackingContext& context_;
    const TrackedVm& vm_;
    qemu::Qmp qmp_;
    Sequence sequence_;
};

DiskInput open_cut(const qemu::NbdAddress& address, const TrackedDisk& disk,
                   std::uint64_t marked_bytes) {
    using Contexts = std::vector<std::string>;
    DiskInput input;
    input.reader = std::make_unique<qemu::NbdReader>(address, Contexts{});
    std::vector<BitmapReader> bitmaps;
    bitmaps.push_back(
        {std::make_unique<qemu::NbdReader>(address, Contexts{qemu::bitmap_context(disk.base)}),
         disk.base});
    input.feed = std::make_unique<MarkedFeed>(std::move(bitmaps));
    input.size_bytes = disk.member.shape.size_bytes;
    input.marked_bytes = marked_bytes;
    input.request_boundary = fleece_cluster;
    return input;
}

std::uint64_t marked_bytes(const std::vector<qemu::BlockNode>& nodes, const TrackedDisk& disk) {
    for (const auto& node : nodes)
        for (const auto& bitmap : node.bitmaps)
            if (node.name == disk.live.node && bitmap.name == disk.base) return bitmap.dirty_bytes;
    fail(Code::unavailable, "bitmap {} went away", disk.base);
}

}  // namespace

qemu::NbdAddress live_address(const TrackingContext& context, const TrackedVm& vm,
                              const TrackedDisk& disk) {
    auto server = server_of(context, vm);
    const auto id = export_id(context.collection, ExportKind::live, disk.index);
    server.start();
    server.remove_exports({id});
    return server.add({id, disk.live.node, id, "", ""});
}

void get_ready_to_hold(const TrackingContext& context, const TrackedVm& vm) {
    const auto qmp = qmp_of(context.hypervisor, vm.domain.id);
    confirm_shapes(qmp, vm);
    for (const auto& disk : vm.disks) {
        add_scratch(qmp, disk.live, fleece_names(context.collection, disk.index),
                    scratch_path(context.options.directory, disk.index));
        flush_ahead(live_address(context, vm, disk));
    }
}

std::unique_ptr<HeldVm> live_held_vm(const TrackingContext& context, const TrackedVm& vm,
                                     Sequence sequence) {
    return std::make_unique<LiveHeldVm>(context, vm, sequence);
}

std::vector<GroupPart> live_parts(const TrackingContext& context, const TrackedVm& vm) {
    const auto qmp = qmp_of(context.hypervisor, vm.domain.id);
    const auto nodes = qemu::block_nodes(qmp);
    auto server = server_of(context, vm);
    std::vector<GroupPart> parts;
    for (const auto& disk : vm.disks) {
        const auto names = fleece_names(context.collection, disk.index);
        confirm_cluster(nodes, names);
        add_snapshot(qmp, names);
        const auto id = export_id(context.collection, ExportKind::cut, disk.index);
        const auto address = server.add({id, names.snapshot, id, disk.base, disk.live.node});
        const auto marked = marked_bytes(nodes, disk);
        parts.push_back({static_cast<std::uint32_t>(disk.index), marked,
                         [=] { return open_cut(address, disk, marked); }});
    }
    return parts;
}

void give_up_bases(const TrackingContext& context, const TrackedVm& vm) {
    BitmapTransaction transaction;
    for (const auto& disk : vm.disks) transaction.remove(disk.live.node, disk.base);
    transaction.run(qmp_of(context.hypervisor, vm.domain.id));
}

}  // namespace reviver::capture
