#include "replication/live_group.h"

#include "base/check.h"
#include "base/error.h"
#include "capture/changes.h"
#include "replication/ranges_source.h"

#include <algorithm>

namespace reviver::replication {

namespace {

class LiveCut : public Cut {
  public:
    explicit LiveCut(std::unique_ptr<capture::Cut> cut) : cut_(std::move(cut)) {}
    const point::CutHeader& header() const override { return cut_->header(); }
    point::Source& source() override { return cut_->source(); }
    sys::Duration hold() const override { return cut_->hold().group; }
    std::vector<VmFailure> freeze_failures() const override {
        std::vector<VmFailure> failures;
        for (const auto& failure : cut_->freeze_failures())
            failures.push_back({failure.vm, failure.text});
        return failures;
    }
    std::unique_ptr<capture::Cut> take() { return std::move(cut_); }

  private:
    std::unique_ptr<capture::Cut> cut_;
};

capture::Options options_in(const sys::Path& directory, capture::Freezer& freezer) {
    capture::Options options;
    options.freezer = &freezer;
    options.directory = directory;
    return options;
}

}  // namespace

LiveGroup::LiveGroup(hypervisor::Hypervisor& hypervisor, sys::World& world, CollectionId collection,
                     std::vector<VmId> vms, DiskChoice choice, sys::Path directory,
                     capture::Freezer& freezer)
    : hypervisor_(hypervisor),
      world_(world),
      collection_(collection),
      vms_(std::move(vms)),
      choice_(std::move(choice)),
      directory_(std::move(directory)),
      capture_(hypervisor, world, collection, options_in(directory_, freezer)) {}

LiveGroup::~LiveGroup() = default;

const capture::Members& LiveGroup::look() {
    members_ = capture::find_members(hypervisor_, vms_, choice_);
    return members_;
}

std::vector<VmDefinition> LiveGroup::vms() {
    return look().vms;
}

std::vector<DiskShape> LiveGroup::shapes() {
    std::vector<DiskShape> result;
    for (const auto& disk : look().disks) result.push_back(disk.shape);
    return result;
}

Tracking LiveGroup::track(Sequence durable, const std::vector<DiskShape>& known) {
    auto preparation = capture_.prepare(durable, members_, known);
    return {preparation.receive, std::move(preparation.bulks), std::move(preparation.copies),
            std::move(preparation.grown)};
}

std::unique_ptr<point::Image> LiveGroup::live_image(std::uint32_t disk) {
    return capture_.bulk_image(disk);
}

std::unique_ptr<point::Source> LiveGroup::bulk_source(std::uint32_t disk, RangeSet ranges) {
    REVIVER_CHECK(disk < members_.disks.size());
    const auto list = ranges.ranges();
    // All of the disk from somewhere on is what capture reads with many requests in flight.
    if (list.size() == 1 && list[0].end() == members_.disks[disk].shape.size_bytes) {
        return capture_.bulk_source(disk, list[0].offset);
    }
    return std::make_unique<RangesSource>(capture_.bulk_image(disk), disk, ranges);
}

std::unique_ptr<Cut> LiveGroup::cut(Sequence sequence, const point::CutWish& wish) {
    return std::make_unique<LiveCut>(capture_.cut(sequence, wish));
}

void LiveGroup::finish(std::unique_ptr<Cut> cut, bool durable) {
    capture_.finish(static_cast<LiveCut&>(*cut).take(), durable);
}

std::optional<RangeSet> LiveGroup::changed_since(std::uint32_t disk, Sequence sequence) {
    REVIVER_CHECK(disk < members_.disks.size());
    return capture::changes_since(of(), members_.disks[disk], sequence);
}

std::uint64_t LiveGroup::pending_bytes() {
    auto owners = vms_;
    for (const VmId shared : capture::shared_ids(members_)) owners.push_back(shared);
    return capture::changed_bytes(hypervisor_, collection_, owners);
}

void LiveGroup::stop_tracking() {
    capture::stop_tracking(of(), look().disks);
}

void LiveGroup::let_go(const std::vector<DiskKey>& disks) {
    capture::let_go(of(), disks);
}

capture::CaptureOf LiveGroup::of() {
    return {hypervisor_, world_.files, collection_, directory_};
}

}  // namespace reviver::replication
