#include "capture/tracking.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/bitmap_transaction.h"
#include "capture/fleece.h"
#include "capture/limits.h"
#include "capture/nbd_server.h"
#include "qemu/image_tool.h"

#include <algorithm>
#include <filesystem>

namespace reviver::capture {

namespace {

const DiskShape* shape_in(const std::vector<DiskShape>& shapes, const DiskKey& key) {
    const auto it = std::find_if(shapes.begin(), shapes.end(),
                                 [&](const DiskShape& shape) { return shape.key == key; });
    return it == shapes.end() ? nullptr : &*it;
}

// One disk on its way through track_vm().
struct Question {
    TrackingContext& context;
    TrackedDisk& disk;
    Sequence last;
    const DiskShape* last_shape;  // null when the last point does not have the disk

    const DiskKey& key() const { return disk.member.shape.key; }
    const RememberedDisk* remembered() const { return context.memory.find(key()); }

    // An older bitmap than that of `last` is good only if the disk was off when `last` was made of
    // it, and is started now for the first time since.
    std::optional<std::string> older_base() const {
        const auto* memory = remembered();
        if (memory == nullptr || memory->acknowledged != last || memory->base.empty())
            return std::nullopt;
        return memory->base;
    }

    Coverage live_coverage() const {
        return coverage_of(context.collection, key(), seen(disk.live.bitmaps), last, older_base());
    }

    // What a disk has grown by is known to be new; bitmaps do not mark what was taken away.
    bool shrunk() const {
        return last_shape != nullptr && last_shape->size_bytes > disk.member.shape.size_bytes;
    }
    bool grown() const {
        return last_shape != nullptr && last_shape->size_bytes < disk.member.shape.size_bytes;
    }
    bool usable(const Coverage& coverage) const {
        return coverage.known && (!coverage.bulk.empty() || (last_shape != nullptr && !shrunk()));
    }

    void needs_bulk(const std::string& name) const {
        disk.bulk = last_shape == nullptr ? point::Bulk::full : point::Bulk::compare;
        disk.bulk_name = name;
    }
    void needs_no_bulk() const {
        if (!grown()) return;
        const std::uint64_t before = last_shape->size_bytes;
        disk.grown.add({before, disk.member.shape.size_bytes - before});
    }
};

// What is copied of a disk that the last point does not have builds on no point.
Question question_of(TrackingContext& context, TrackedDisk& disk, Sequence last,
                     const std::vector<DiskShape>& last_disks) {
    const DiskShape* shape = shape_in(last_disks, disk.member.shape.key);
    return {context, disk, shape == nullptr ? Sequence{} : last, shape};
}

std::uint64_t granularity_for(const Options& options, std::uint64_t disk_bytes) {
    std::uint64_t granularity = options.granularity_bytes;
    while (granularity < granularity_max && disk_bytes / granularity / 8 > bitmap_bytes_max)
        granularity *= 2;
    return granularity;
}

const qemu::Bitmap& bitmap_named(const LiveDisk& disk, const std::string& name) {
    const auto it = std::find_if(disk.bitmaps.begin(), disk.bitmaps.end(),
                                 [&](const qemu::Bitmap& b) { return b.name == name; });
    if (it == disk.bitmaps.end()) fail(Code::unavailable, "bitmap {} went away", name);
    return *it;
}

// Several bitmaps follow each other when a cut between them never became a point: the first is to
// record again what the others have.
void join(BitmapTransaction& transaction, TrackedDisk& disk, const Coverage& coverage) {
    disk.base = coverage.joined.front();
    const auto& bitmap = bitmap_named(disk.live, disk.base);
    disk.granularity_bytes = bitmap.granularity_bytes;
    disk.persistent = bitmap.persistent;
    const std::vector<std::string> later(coverage.joined.begin() + 1, coverage.joined.end());
    if (later.empty()) return;
    transaction.enable(disk.live.node, disk.base);
    transaction.merge(disk.live.node, disk.base, later);
    for (const auto& name : later) transaction.remove(disk.live.node, name);
}

std::string new_bulk_name(const TrackingContext& context) {
    return context.random.uuid().text().substr(0, 8);
}

void begin_anew(BitmapTransaction& transaction, const Question& question) {
    TrackedDisk& disk = question.disk;
    question.needs_bulk(new_bulk_name(question.context));
    disk.base =
        bitmap_name(question.context.collection, question.key(), {question.last, disk.bulk_name});
    disk.granularity_bytes = granularity_for(question.context.options, disk.live.size_bytes);
    disk.persistent = disk.live.driver == "qcow2";
    transaction.add(disk.live.node, {disk.base, disk.granularity_bytes, disk.persistent, true});
}

// The first of two steps: what is of no use goes. On its own, because a name is free for a new
// bitmap only after it.
Coverage remove_useless(BitmapTransaction& transaction, const Question& question) {
    auto coverage = question.live_coverage();
    if (!question.usable(coverage)) {
        coverage.obsolete.insert(coverage.obsolete.end(), coverage.joined.begin(),
                                 coverage.joined.end());
        coverage.joined.clear();
    }
    for (const auto& name : coverage.obsolete) transaction.remove(question.disk.live.node, name);
    return coverage;
}

// The second: one bitmap records, and has everything since the last point or since the bulk began.
void record(BitmapTransaction& transaction, const Question& question, const Coverage& coverage) {
    TrackedDisk& disk = question.disk;
    disk.known = TrackedDisk::Known::recorded;
    if (coverage.joined.empty()) {
        begin_anew(transaction, question);
        return;
    }
    join(transaction, disk, coverage);
    coverage.bulk.empty() ? question.needs_no_bulk() : question.needs_bulk(coverage.bulk);
}

// A bulk of a disk that is off needs no bitmap as long as the disk stays off.
void need_off_bulk(const Question& question) {
    const auto* memory = question.remembered();
    if (memory != nullptr && memory->bulk_on == question.last &&
        memory->bulk_state == question.disk.state) {
        question.needs_bulk(memory->bulk);
        return;
    }
    RememberedDisk now = memory == nullptr ? RememberedDisk{} : *memory;
    now.bulk_on = question.last;
    now.bulk = new_bulk_name(question.context);
    now.bulk_state = question.disk.state;
    question.context.memory.put(question.key(), now);
    question.needs_bulk(now.bulk);
}

void track_off(const Question& question) {
    TrackedDisk& disk = question.disk;
    disk.state = image_state(question.context, disk.member);
    const auto* memory = question.remembered();
    if (memory != nullptr && memory->acknowledged == question.last && memory->state == disk.state &&
        question.last_shape != nullptr && !question.shrunk() && !question.grown()) {
        disk.base = memory->base;
        return;
    }
    // A bitmap older than the last point is of no use here. When that was made of it with the VM
    // off and the image has changed since, it may be a copy of the image from before, put back with
    // the bitmap that it had then.
    const auto coverage = coverage_of(question.context.collection, question.key(),
                                      saved_bitmaps(disk.member), question.last, std::nullopt);
    if (!question.usable(coverage)) {
        need_off_bulk(question);
        return;
    }
    disk.known = TrackedDisk::Known::marked;
    disk.joined = coverage.joined;
    disk.base = coverage.joined.front();
    coverage.bulk.empty() ? question.needs_no_bulk() : question.needs_bulk(coverage.bulk);
}

void find_live_disks(TrackedVm& vm, const qemu::Qmp& qmp) {
    std::vector<hypervisor::Disk> wanted;
    for (const auto& disk : vm.disks) {
        const auto it =
            std::find_if(vm.domain.disks.begin(), vm.domain.disks.end(),
                         [&](const auto& d) { return d.target == disk.member.shape.key.target; });
        if (it == vm.domain.disks.end())
            fail(Code::unavailable, "disk {} was removed", disk.member.shape.key.target);
        wanted.push_back(*it);
    }
    const auto found = live_disks(qmp, wanted);
    for (std::size_t i = 0; i < found.size(); ++i) {
        vm.disks[i].live = found[i];
        if (found[i].size_bytes != vm.disks[i].member.shape.size_bytes)
            fail(Code::unavailable, "disk {} was resized", found[i].target);
    }
}

using QuestionOf = std::function<Question(TrackedDisk&)>;

// Persistent bitmaps need a qcow2 of version 3; in one of version 2 they last as long as its QEMU.
void run_with_fallback(TrackedVm& vm, const qemu::Qmp& qmp,
                       const std::function<void(BitmapTransaction&)>& fill) {
    BitmapTransaction transaction;
    fill(transaction);
    try {
        transaction.run(qmp);
    } catch (const Error& error) {
        if (std::string_view(error.what()).find("qcow2 v2") == std::string_view::npos) throw;
        log_warning("{}: {}; whenever it was stopped, its disks will be compared", title(vm.domain),
                    error.what());
        for (auto& disk : vm.disks)
            if (disk.live.driver == "qcow2") disk.live.driver = "qcow2 v2";
        BitmapTransaction again;
        fill(again);
        again.run(qmp);
    }
}

void track_live_vm(const qemu::Qmp& qmp, TrackedVm& vm, const QuestionOf& question) {
    find_live_disks(vm, qmp);
    std::vector<Coverage> coverages;
    BitmapTransaction removals;
    for (auto& disk : vm.disks) coverages.push_back(remove_useless(removals, question(disk)));
    removals.run(qmp);
    run_with_fallback(vm, qmp, [&](BitmapTransaction& transaction) {
        for (std::size_t i = 0; i < vm.disks.size(); ++i)
            record(transaction, question(vm.disks[i]), coverages[i]);
    });
}

}  // namespace

std::string socket_path(const sys::Path& directory, VmId vm) {
    return directory / (vm.text() + ".nbd");
}

NbdServer nbd_server_of(hypervisor::Hypervisor& hypervisor, CollectionId collection,
                        const sys::Path& directory, const hypervisor::Domain& domain) {
    const bool always = domain.is_storage_daemon();
    return {qmp_of(hypervisor, domain.id), collection,
            always ? domain.nbd_socket : socket_path(directory, domain.id), always};
}

sys::Path scratch_path(const sys::Path& directory, std::size_t disk) {
    return directory / ("scratch" + std::to_string(disk) + ".raw");
}

std::vector<SeenBitmap> saved_bitmaps(const MemberDisk& disk) {
    std::vector<SeenBitmap> bitmaps;
    if (disk.format != "qcow2") return bitmaps;
    for (const auto& saved : qemu::image_info(disk.path, disk.format).bitmaps)
        bitmaps.push_back({saved.name, saved.recording, saved.in_use});
    return bitmaps;
}

ImageState image_state(const TrackingContext& context, const MemberDisk& disk) {
    if (auto state = state_of_image(disk.path)) return *state;
    return fmt::format("{}:{}:{}:{}", disk.path.string(), device_at(disk.path), context.instance,
                       context.starts.starts(disk.shape.key.vm));
}

void take_down(hypervisor::Hypervisor& hypervisor, CollectionId collection,
               const sys::Path& directory, const hypervisor::Domain& domain) {
    nbd_server_of(hypervisor, collection, directory, domain).stop();
    remove_fleeces(qmp_of(hypervisor, domain.id), collection);
}

TrackedVm track_vm(TrackingContext& context, VmId vm_id, const std::vector<TrackedDisk>& disks,
                   Sequence last, const std::vector<DiskShape>& last_disks) {
    TrackedVm vm;
    vm.domain = context.hypervisor.domain(vm_id);
    vm.live = has_qemu(vm.domain);
    vm.disks = disks;
    const auto question = [&](TrackedDisk& disk) {
        return question_of(context, disk, last, last_disks);
    };
    if (!vm.live) {
        for (auto& disk : vm.disks) track_off(question(disk));
        confirm_same(context, vm);
        return vm;
    }
    take_down(context.hypervisor, context.collection, context.options.directory, vm.domain);
    track_live_vm(qmp_of(context.hypervisor, vm_id), vm, question);
    return vm;
}

void confirm_same(const TrackingContext& context, const TrackedVm& vm) {
    const auto now = context.hypervisor.domain(vm.domain.id);
    if (has_qemu(now) != vm.live || (vm.live && now.process_id != vm.domain.process_id))
        fail(Code::unavailable, "{} was {} meanwhile: the cycle begins again", title(vm.domain),
             vm.live ? "stopped" : "started");
    if (vm.live) return;
    for (const auto& disk : vm.disks)
        if (image_state(context, disk.member) != disk.state)
            fail(Code::unavailable,
                 "the image of disk {} of VM {} was written meanwhile: the cycle begins again",
                 disk.member.shape.key.target, vm.domain.name);
}

}  // namespace reviver::capture
