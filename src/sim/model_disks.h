// The disks of a group on a simulated host, as the replication engine reads them.
#pragma once

#include "replication/machines.h"
#include "sim/engine_mutant.h"
#include "sim/hypervisor.h"
#include "sim/model_agents.h"
#include "sim/point_book.h"
#include "sys/world.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace reviver::sim {

// What the model machines of a site share. `acknowledged` is told of each point that the other side
// made durable.
struct ModelHost {
    sys::World& world;
    Hypervisor& hypervisor;
    PointBook& book;
    EngineMutant mutant = EngineMutant::none;
    std::function<void(CollectionId, Sequence)> acknowledged;
};

GroupState state_of(Hypervisor& hypervisor, const std::vector<VmId>& vms);

class ModelDisks : public replication::GroupDisks {
  public:
    ModelDisks(ModelHost& host, ModelAgents& agents, CollectionId collection, std::vector<VmId> vms,
               replication::DiskChoice choice)
        : host_(host),
          agents_(agents),
          collection_(collection),
          vms_(std::move(vms)),
          choice_(std::move(choice)) {}

    std::vector<VmDefinition> vms() override;
    void choose(replication::DiskChoice choice) override { choice_ = std::move(choice); }
    std::vector<DiskShape> shapes() override;
    replication::Tracking track(Sequence durable, const std::vector<DiskShape>& known) override;
    std::unique_ptr<point::Image> live_image(std::uint32_t disk) override;
    std::unique_ptr<point::Source> bulk_source(std::uint32_t disk, RangeSet ranges) override;
    std::unique_ptr<replication::Cut> cut(Sequence sequence, const point::CutWish& wish) override;
    void finish(std::unique_ptr<replication::Cut> cut, bool durable) override;
    std::optional<RangeSet> changed_since(std::uint32_t disk, Sequence sequence) override;
    std::uint64_t pending_bytes() override;
    void stop_tracking() override;
    void let_go(const std::vector<DiskKey>& disks) override;

  private:
    struct Disk {
        DiskShape shape;
        std::shared_ptr<HostImage> image;
        std::uint64_t turns = 0;  // of its VM when it was looked at
        std::size_t first = 0;    // the bitmap that what is sent begins with
        RangeSet grown{};         // since the last point
    };
    void look();
    point::Bulk track_disk(Disk& disk, Sequence durable, const DiskShape* known);
    static std::uint64_t copy_of(const Disk& disk, point::Bulk bulk);
    void confirm_same();
    std::unique_ptr<replication::Cut> hold(Sequence sequence, const point::CutWish& wish,
                                           std::vector<replication::VmFailure> failures);

    ModelHost& host_;
    ModelAgents& agents_;
    const CollectionId collection_;
    const std::vector<VmId> vms_;
    replication::DiskChoice choice_;
    std::vector<Disk> disks_;  // as last looked at
};

}  // namespace reviver::sim
