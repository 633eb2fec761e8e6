// The disks of a real group: capture, behind the interface that replication reads from.
#pragma once

#include "capture/capture.h"
#include "capture/changes.h"
#include "replication/machines.h"

#include <map>
#include <memory>
#include <vector>

namespace reviver::replication {

class LiveGroup : public GroupDisks {
  public:
    LiveGroup(hypervisor::Hypervisor& hypervisor, sys::World& world, CollectionId collection,
              std::vector<VmId> vms, DiskChoice choice, sys::Path directory,
              capture::Freezer& freezer);
    ~LiveGroup() override;

    std::vector<VmDefinition> vms() override;
    void choose(DiskChoice choice) override { choice_ = std::move(choice); }
    std::vector<DiskShape> shapes() override;
    Tracking track(Sequence durable, const std::vector<DiskShape>& known) override;
    std::unique_ptr<point::Image> live_image(std::uint32_t disk) override;
    std::unique_ptr<point::Source> bulk_source(std::uint32_t disk, RangeSet ranges) override;
    std::unique_ptr<Cut> cut(Sequence sequence, const point::CutWish& wish) override;
    void finish(std::unique_ptr<Cut> cut, bool durable) override;
    std::optional<RangeSet> changed_since(std::uint32_t disk, Sequence sequence) override;
    std::uint64_t pending_bytes() override;
    void stop_tracking() override;
    void let_go(const std::vector<DiskKey>& disks) override;

  private:
    const capture::Members& look();
    capture::CaptureOf of();

    hypervisor::Hypervisor& hypervisor_;
    sys::World& world_;
    const CollectionId collection_;
    const std::vector<VmId> vms_;
    DiskChoice choice_;
    const sys::Path directory_;
    capture::GroupCapture capture_;
    capture::Members members_;  // as last looked at
};

}  // namespace reviver::replication
