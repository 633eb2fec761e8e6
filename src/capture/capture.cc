#include "capture/capture.h"

#include "base/check.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/log.h"
#include "capture/disk_memory.h"
#include "capture/feeds.h"
#include "capture/group_hold.h"
#include "capture/hold_record.h"
#include "capture/limits.h"
#include "capture/live_cut.h"
#include "capture/off_disk.h"
#include "capture/scratch_watch.h"
#include "capture/start_watch.h"
#include "capture/tracking.h"
#include "qemu/nbd_image.h"
#include "qemu/offline_export.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <mutex>

namespace reviver::capture {

namespace {

using Group = std::vector<TrackedVm>;

// Disks with the VM that they belong to, or with the storage daemon that serves them, in the order
// of Members.
std::vector<std::pair<VmId, std::vector<TrackedDisk>>> by_owner(const Members& members) {
    std::vector<std::pair<VmId, std::vector<TrackedDisk>>> vms;
    for (const auto& vm : members.vms) vms.push_back({vm.id, {}});
    for (std::size_t i = 0; i < members.disks.size(); ++i) {
        const auto owner = members.disks[i].shape.key.vm;
        const auto it =
            std::find_if(vms.begin(), vms.end(), [&](const auto& v) { return v.first == owner; });
        TrackedDisk disk;
        disk.index = i;
        disk.member = members.disks[i];
        if (it == vms.end())
            vms.push_back({owner, {std::move(disk)}});
        else
            it->second.push_back(std::move(disk));
    }
    return vms;
}

// Each VM in a thread of its own; the first error is thrown when all have ended.
void for_each_vm(sys::World& world, const Group& group,
                 const std::function<void(const TrackedVm&)>& work) {
    std::mutex mutex;
    std::optional<Error> first;
    {
        std::vector<std::unique_ptr<sys::Task>> threads;
        for (const auto& vm : group)
            threads.push_back(world.tasks.start("capture", [&] {
                try {
                    work(vm);
                } catch (Error& error) {
                    error.add_context(title(vm.domain));
                    const std::lock_guard lock(mutex);
                    if (!first) first = error;
                }
            }));
    }
    if (first) throw *first;
}

Group live_ones(const Group& group) {
    Group live;
    std::copy_if(group.begin(), group.end(), std::back_inserter(live),
                 [](const TrackedVm& vm) { return vm.live; });
    return live;
}

class GroupCut : public Cut {
  public:
    struct Parts {
        point::CutHeader header;
        HoldStatistics hold;
        std::vector<FreezeFailure> freeze_failures;
        Sequence sequence;
        std::vector<GroupPart> parts;
        std::size_t disks = 0;
    };

    GroupCut(Parts parts, std::unique_ptr<ScratchWatch> watch, const std::function<void()>& confirm)
        : header_(std::move(parts.header)),
          hold_(std::move(parts.hold)),
          freeze_failures_(std::move(parts.freeze_failures)),
          sequence_(parts.sequence),
          dirty_bytes_(parts.disks),
          watch_(std::move(watch)),
          source_(take_readable(parts.parts), {confirm, [this, confirm] { explain(confirm); }}) {}

    const point::CutHeader& header() const override { return header_; }
    const HoldStatistics& hold() const override { return hold_; }
    const std::vector<FreezeFailure>& freeze_failures() const override { return freeze_failures_; }
    std::uint64_t dirty_bytes(std::size_t disk) const override { return dirty_bytes_.at(disk); }
    point::Source& source() override { return source_; }

    Sequence sequence() const { return sequence_; }
    void end_watch() { watch_.reset(); }

  private:
    std::vector<GroupPart> take_readable(std::vector<GroupPart>& parts) {
        std::vector<GroupPart> readable;
        for (auto& part : parts) {
            dirty_bytes_[part.disk] = part.marked_bytes;
            if (part.open) readable.push_back(std::move(part));
        }
        std::sort(readable.begin(), readable.end(),
                  [](const GroupPart& a, const GroupPart& b) { return a.disk < b.disk; });
        return readable;
    }

    void explain(const std::function<void()>& confirm) {
        if (watch_ && watch_->gave_up())
            fail(Code::no_space,
                 "the file system of the scratch images is nearly full: the cut was given up. Make "
                 "room there");
        confirm();
    }

    point::CutHeader header_;
    HoldStatistics hold_;
    std::vector<FreezeFailure> freeze_failures_;
    Sequence sequence_;
    std::vector<std::uint64_t> dirty_bytes_;
    std::unique_ptr<ScratchWatch> watch_;
    GroupSource source_;
};

}  // namespace

class GroupCapture::Implementation {
  public:
    Implementation(hypervisor::Hypervisor& hypervisor, sys::World& world, CollectionId collection,
                   Options options)
        : hypervisor_(hypervisor),
          world_(world),
          options_(std::move(options)),
          memory_(made(options_.directory, world.files), options_.directory / "disks.json"),
          starts_(hypervisor),
          record_(world.files, options_.directory),
          context_{hypervisor,
                   collection,
                   options_,
                   memory_,
                   starts_,
                   world.random,
                   world.random.uuid().text()} {}

    Preparation prepare(Sequence last, const Members& members,
                        const std::vector<DiskShape>& last_disks);
    std::unique_ptr<point::Image> bulk_image(std::size_t disk);
    std::unique_ptr<point::Source> bulk_source(std::size_t disk, std::uint64_t from_bytes);
    std::unique_ptr<Cut> cut(Sequence sequence, const point::CutWish& wish);
    void finish(GroupCut& cut, bool acknowledged);

    // Leaves running VMs as they were before the cycle, but for the bitmaps.
    void take_down_all();

  private:
    static sys::Files& made(const sys::Path& directory, sys::Files& files) {
        files.make_directories(directory);
        return files;
    }

    std::pair<const TrackedVm*, const TrackedDisk*> tracked(std::size_t disk) const;
    std::unique_ptr<GroupFreeze> frozen(const point::CutWish& wish, GroupCut::Parts& parts);
    HoldStatistics hold(Sequence sequence);
    void confirm_off_vms() const;
    void confirm_all() const;
    std::unique_ptr<Cut> readable_cut(GroupCut::Parts parts);
    void remember(const TrackedVm& vm, Sequence sequence);

    hypervisor::Hypervisor& hypervisor_;
    sys::World& world_;
    Options options_;
    DiskMemory memory_;
    StartWatch starts_;
    HoldRecord record_;
    TrackingContext context_;
    Group group_;
    std::vector<VmDefinition> definitions_;
};

namespace {

// Made of all that decides whether what was copied under it is still good.
ReceiveId receive_id(CollectionId collection, Sequence last,
                     const std::vector<const TrackedDisk*>& disks) {
    auto text = fmt::format("{} {}", collection.text(), last.value);
    for (const auto* disk : disks)
        text += fmt::format("\n{} {} {} {}", disk->member.shape.key.text(),
                            disk->member.shape.size_bytes, static_cast<int>(disk->bulk),
                            disk->bulk_name);
    const auto hash = sha256(bytes_of(text));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), hash.data(), bytes.size());
    return ReceiveId(Uuid::from_random(bytes));
}

// What was copied of one image under one bulk is good for as long as the two are the same.
std::uint64_t copy_of(const TrackedDisk& disk) {
    const auto hash =
        sha256(bytes_of(fmt::format("{} {}", disk.member.shape.key.text(), disk.bulk_name)));
    std::uint64_t number = 0;
    std::memcpy(&number, hash.data(), sizeof number);
    return number == 0 ? 1 : number;
}

}  // namespace

Preparation GroupCapture::Implementation::prepare(Sequence last, const Members& members,
                                                  const std::vector<DiskShape>& last_disks) {
    group_.clear();
    definitions_ = members.vms;
    for (const auto& [vm, disks] : by_owner(members)) {
        group_.push_back(track_vm(context_, vm, disks, last, last_disks));
    }
    memory_.save();
    std::vector<const TrackedDisk*> disks(members.disks.size());
    for (const auto& vm : group_)
        for (const auto& disk : vm.disks) disks[disk.index] = &disk;
    Preparation preparation{receive_id(context_.collection, last, disks), {}, {}, {}};
    for (const auto* disk : disks) {
        preparation.bulks.push_back(disk->bulk);
        preparation.copies.push_back(disk->bulk == point::Bulk::full ? copy_of(*disk) : 0);
        preparation.grown.push_back(disk->grown);
    }
    return preparation;
}

std::pair<const TrackedVm*, const TrackedDisk*> GroupCapture::Implementation::tracked(
    std::size_t disk) const {
    for (const auto& vm : group_)
        for (const auto& d : vm.disks)
            if (d.index == disk) return {&vm, &d};
    fail(Code::invalid_state, "disk {} was not prepared", disk);
}

namespace {

// An image and the process that exports it.
class OffImage : public point::Image {
  public:
    explicit OffImage(const MemberDisk& disk)
        : export_({disk.path, disk.format, ""}), image_(export_.address()) {}
    std::uint64_t size_bytes() const override { return image_.size_bytes(); }
    void read(std::uint64_t offset, ByteSpan to) override { image_.read(offset, to); }
    std::vector<Extent> extents(Range range) override { return image_.extents(range); }

  private:
    qemu::OfflineExport export_;
    qemu::NbdImage image_;
};

DiskInput live_whole(const qemu::NbdAddress& address, std::uint64_t size_bytes,
                     std::uint64_t from_bytes) {
    DiskInput input;
    input.reader = std::make_unique<qemu::NbdReader>(
        address, std::vector<std::string>{qemu::allocation_context});
    input.feed = std::make_unique<WholeFeed>(*input.reader);
    input.size_bytes = size_bytes;
    input.from_bytes = from_bytes;
    input.marked_bytes = size_bytes - from_bytes;
    return input;
}

}  // namespace

std::unique_ptr<point::Image> GroupCapture::Implementation::bulk_image(std::size_t disk) {
    const auto [vm, tracked_disk] = tracked(disk);
    if (!vm->live) return std::make_unique<OffImage>(tracked_disk->member);
    return std::make_unique<qemu::NbdImage>(live_address(context_, *vm, *tracked_disk));
}

std::unique_ptr<point::Source> GroupCapture::Implementation::bulk_source(std::size_t disk,
                                                                         std::uint64_t from_bytes) {
    const auto [vm, tracked_disk] = tracked(disk);
    const auto size = tracked_disk->member.shape.size_bytes;
    if (from_bytes > size)
        fail(Code::invalid_parameter, "a copy cannot go on at {}, beyond the disk's {} bytes",
             from_bytes, size);
    auto input = vm->live ? live_whole(live_address(context_, *vm, *tracked_disk), size, from_bytes)
                          : off_whole(tracked_disk->member, from_bytes);
    return std::make_unique<DiskSource>(static_cast<std::uint32_t>(disk), std::move(input));
}

HoldStatistics GroupCapture::Implementation::hold(Sequence sequence) {
    std::vector<std::unique_ptr<HeldVm>> vms;
    std::vector<RecordedVm> to_resume;
    for (const auto& vm : group_) {
        if (!vm.live) continue;
        vms.push_back(live_held_vm(context_, vm, sequence));
        if (vms.back()->runs()) to_resume.push_back({vm.domain.id, vm.domain.process_id});
    }
    if (vms.empty()) return {};
    record_.write(to_resume);
    try {
        auto statistics = hold_group(world_, vms, options_.hold_max);
        record_.clear();
        return statistics;
    } catch (const Error&) {
        // Everybody was resumed; one that could not be is a case for release_held() as well, which
        // clears the record.
        release_held(hypervisor_, world_, options_.directory);
        throw;
    }
}

void GroupCapture::Implementation::confirm_all() const {
    for (const auto& vm : group_) confirm_same(context_, vm);
}

void GroupCapture::Implementation::confirm_off_vms() const {
    for (const auto& vm : group_)
        if (!vm.live) confirm_same(context_, vm);
}

std::unique_ptr<Cut> GroupCapture::Implementation::readable_cut(GroupCut::Parts parts) {
    for (const auto& vm : group_) {
        if (vm.live) {
            for (auto& part : live_parts(context_, vm)) parts.parts.push_back(std::move(part));
        } else {
            for (const auto& disk : vm.disks) parts.parts.push_back(off_part(disk));
        }
        parts.disks += vm.disks.size();
    }
    auto watch = std::make_unique<ScratchWatch>(options_.directory, options_.scratch_free_min_bytes,
                                                [this] { take_down_all(); });
    return std::make_unique<GroupCut>(std::move(parts), std::move(watch),
                                      [this] { confirm_off_vms(); });
}

// Null when nobody asked for it, or it did not come about; whoever was frozen is thawed again then.
std::unique_ptr<GroupFreeze> GroupCapture::Implementation::frozen(const point::CutWish& wish,
                                                                  GroupCut::Parts& parts) {
    if (!wish.quiesce || options_.freezer == nullptr) return nullptr;
    std::vector<hypervisor::Domain> vms;
    for (const auto& vm : group_)
        if (!vm.domain.is_storage_daemon()) vms.push_back(vm.domain);
    auto freeze = options_.freezer->freeze(options_.directory, vms, wish.stopped);
    parts.freeze_failures = freeze->failures();
    if (!parts.freeze_failures.empty()) return nullptr;
    return freeze;
}

// A VM that is off is part of the cut if it is off in the hold: it is looked at before, as
// everybody, and after. What a guest writes as it freezes is flushed with the rest, ahead of the
// hold.
std::unique_ptr<Cut> GroupCapture::Implementation::cut(Sequence sequence,
                                                       const point::CutWish& wish) {
    if (group_.empty()) fail(Code::invalid_state, "a cut needs VMs that were prepared");
    GroupCut::Parts parts;
    parts.sequence = sequence;
    try {
        confirm_all();
        const auto freeze = frozen(wish, parts);
        for_each_vm(world_, live_ones(group_),
                    [&](const TrackedVm& vm) { get_ready_to_hold(context_, vm); });
        parts.header = {CutId(world_.random.uuid()), wish.kind, Consistency::group_crash,
                        world_.clock.wall(), definitions_};
        parts.hold = hold(sequence);
        if (freeze) parts.freeze_failures = freeze->end();
        if (freeze && parts.freeze_failures.empty())
            parts.header.consistency = Consistency::application;
        confirm_off_vms();
        return readable_cut(std::move(parts));
    } catch (const Error&) {
        take_down_all();
        throw;
    }
}

void GroupCapture::Implementation::take_down_all() {
    for (const auto& vm : group_) {
        if (!vm.live) continue;
        try {
            take_down(hypervisor_, context_.collection, options_.directory, vm.domain);
        } catch (const Error& error) {
            log_warning("{}: {}; done by the next cycle", title(vm.domain), error.what());
        }
    }
    for (const auto& vm : group_)
        for (const auto& disk : vm.disks) {
            std::error_code ignored;
            std::filesystem::remove(scratch_path(options_.directory, disk.index), ignored);
        }
}

// What the next point is made of when the VM stays off.
void GroupCapture::Implementation::remember(const TrackedVm& vm, Sequence sequence) {
    for (const auto& disk : vm.disks) {
        const auto& key = disk.member.shape.key;
        if (vm.live) {
            memory_.forget(key);
        } else {
            memory_.put(key, {sequence, disk.state, disk.base, std::nullopt, "", ""});
        }
    }
}

// The memory is written before bitmaps go: between the two there is a bitmap too many, never one
// too few.
void GroupCapture::Implementation::finish(GroupCut& cut, bool acknowledged) {
    cut.end_watch();
    take_down_all();
    if (!acknowledged) return;
    for (const auto& vm : group_) remember(vm, cut.sequence());
    memory_.save();
    for (const auto& vm : group_) {
        if (!vm.live) continue;
        try {
            give_up_bases(context_, vm);
        } catch (const Error& error) {
            log_info("{}: {}; the next cycle removes its old bitmaps", title(vm.domain),
                     error.what());
        }
    }
}

GroupCapture::GroupCapture(hypervisor::Hypervisor& hypervisor, sys::World& world,
                           CollectionId collection, Options options)
    : implementation_(
          std::make_unique<Implementation>(hypervisor, world, collection, std::move(options))) {}

GroupCapture::~GroupCapture() = default;

Preparation GroupCapture::prepare(Sequence last, const Members& members,
                                  const std::vector<DiskShape>& last_disks) {
    return implementation_->prepare(last, members, last_disks);
}

std::unique_ptr<point::Image> GroupCapture::bulk_image(std::size_t disk) {
    return implementation_->bulk_image(disk);
}

std::unique_ptr<point::Source> GroupCapture::bulk_source(std::size_t disk,
                                                         std::uint64_t from_bytes) {
    return implementation_->bulk_source(disk, from_bytes);
}

std::unique_ptr<Cut> GroupCapture::cut(Sequence sequence, const point::CutWish& wish) {
    return implementation_->cut(sequence, wish);
}

void GroupCapture::finish(std::unique_ptr<Cut> cut, bool acknowledged) {
    auto* group_cut = dynamic_cast<GroupCut*>(cut.get());
    REVIVER_CHECK(group_cut != nullptr);
    implementation_->finish(*group_cut, acknowledged);
}

}  // namespace reviver::capture
