#include "replication/live_machines.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/capture.h"
#include "capture/members.h"
#include "capture/names.h"
#include "recovery/power.h"
#include "recovery/seeds.h"
#include "replication/disk_set.h"
#include "replication/live_group.h"

#include <algorithm>

namespace reviver::replication {

namespace {

recovery::FailoverPlan recovery_plan(const FailoverPlan& plan) {
    recovery::FailoverPlan result;
    result.collection = plan.collection_name;
    result.epoch = plan.epoch;
    result.sequence = plan.sequence;
    result.vms = plan.vms;
    for (const PointDisk& disk : plan.disks) {
        // The name under which capture looks for what changed since this point: so a later reverse
        // finds what was written here.
        const auto bitmap =
            capture::bitmap_name(plan.collection, disk.shape.key, {plan.sequence, ""});
        result.disks.push_back(
            {disk.shape.key, disk.shape.size_bytes, disk.top, disk.top_format, disk.base, bitmap});
    }
    return result;
}

std::vector<VmFailure> failures_of(const std::vector<recovery::VmFailure>& failures) {
    std::vector<VmFailure> result;
    for (const auto& failure : failures) result.push_back({failure.vm, failure.text, failure.code});
    return result;
}

}  // namespace

LiveMachines::LiveMachines(hypervisor::Hypervisor& hypervisor, sys::World& world,
                           sys::Path data_directory, sharing::SharedDisks& shared_disks)
    : hypervisor_(hypervisor),
      world_(world),
      data_directory_(std::move(data_directory)),
      shared_disks_(shared_disks),
      freezer_(hypervisor, world),
      recovery_(std::make_unique<recovery::Recovery>(hypervisor, world.files, data_directory_,
                                                     &shared_disks)),
      trials_(hypervisor, world.files, data_directory_, &shared_disks) {
    const sys::Path captures = data_directory_ / "capture";
    world_.files.make_directories(captures);
    for (const std::string& name : world_.files.list(captures)) {
        // A guest that is held hears no agent: it is resumed first.
        capture::release_held(hypervisor_, world_, captures / name);
        freezer_.thaw_left_over(captures / name);
    }
}

LiveMachines::~LiveMachines() = default;

// A short name, as in the names of bitmaps: sockets lie in it, and their paths may have 107 bytes.
sys::Path LiveMachines::capture_directory(CollectionId collection) const {
    return data_directory_ / "capture" / collection.text().substr(0, 8);
}

std::unique_ptr<GroupDisks> LiveMachines::group(CollectionId collection,
                                                const std::vector<VmId>& vms,
                                                const std::vector<std::string>& included_disks) {
    return std::make_unique<LiveGroup>(hypervisor_, world_, collection, vms,
                                       included_in(included_disks), capture_directory(collection),
                                       freezer_);
}

std::vector<VmId> LiveMachines::running(const std::vector<VmId>& vms) {
    return recovery::running_vms(hypervisor_, vms);
}

void LiveMachines::shut_down(const std::vector<VmId>& vms, const ShutDown& how) {
    recovery::shut_down_vms(hypervisor_, vms, {how.patience, how.force, how.told}, how.cancelled);
    // Before a planned failover's last delta they are not locked yet, and go on: of raw images only
    // the daemon that runs knows what changed.
    shared_disks_.end_locked();
}

namespace {

// Of one that is not defined any more there is nothing to lock, and the others count.
template <class Work>
void where_defined(Work work) {
    try {
        work();
    } catch (const Error& error) {
        if (error.code() != Code::not_found) throw;
        log_warning("{}", error.what());
    }
}

}  // namespace

void LiveMachines::lock(const std::vector<VmId>& vms, const std::string& why) {
    for (const VmId vm : vms) where_defined([&] { recovery_->locks().lock(vm, why); });
    shared_disks_.lock(vms, why);
}

void LiveMachines::unlock(const std::vector<VmId>& vms) {
    shared_disks_.unlock(vms);
    for (const VmId vm : vms) where_defined([&] { recovery_->locks().unlock(vm); });
}

void LiveMachines::show_replicas(CollectionId, const std::string& name,
                                 const std::vector<VmDefinition>& vms) {
    recovery_->show_replicas(name, vms);
}

void LiveMachines::forget_replicas(CollectionId, const std::vector<VmId>& vms) {
    recovery_->forget_replicas(vms);
}

std::vector<VmFailure> LiveMachines::fail_over(const FailoverPlan& plan) {
    return failures_of(recovery_->prepare(recovery_plan(plan)));
}

void LiveMachines::revert_failover(const FailoverPlan& plan) {
    recovery_->revert(recovery_plan(plan));
}

void LiveMachines::start(const std::vector<VmId>& vms) {
    recovery::start_vms(hypervisor_, vms);
}

bool LiveMachines::flatten(const FailoverPlan& plan,
                           const std::function<void(unsigned percent)>& progress,
                           const std::function<bool()>& cancelled) {
    return recovery_->flatten(recovery_plan(plan), progress, cancelled);
}

std::vector<VmFailure> LiveMachines::make_trial(const TrialPlan& plan) {
    recovery::TrialPlan trial{plan.collection, recovery_plan(plan.point), {}};
    for (const TrialVm& vm : plan.vms) trial.vms.push_back({vm.id, vm.name, vm.original});
    return failures_of(trials_.make(trial));
}

void LiveMachines::remove_trial(CollectionId trial, const std::vector<VmId>& vms) {
    trials_.remove(trial, vms);
}

std::optional<std::string> LiveMachines::vm_name(VmId vm) {
    try {
        return hypervisor_.domain(vm).name;
    } catch (const Error& error) {
        if (error.code() == Code::not_found) return std::nullopt;
        throw;
    }
}

std::vector<SeedDisk> LiveMachines::seed_disks(const std::vector<DiskKey>& keys) {
    std::vector<SeedDisk> result;
    for (auto& seed : recovery::find_seeds(hypervisor_, recovery_->locks().records(), keys)) {
        result.push_back({{{seed.key, seed.size_bytes}, seed.path, seed.format}, seed.trouble});
    }
    return result;
}

Epoch LiveMachines::epoch_used(const std::vector<VmId>& vms) {
    return recovery_->epoch_used(vms);
}

std::vector<OwnDisk> LiveMachines::own_disks(const std::vector<VmId>& vms,
                                             const std::vector<std::string>& included_disks) {
    std::vector<OwnDisk> result;
    const auto members = capture::find_members(hypervisor_, vms, included_in(included_disks));
    for (const auto& disk : members.disks) {
        result.push_back({disk.shape, disk.path, disk.format});
    }
    return result;
}

}  // namespace reviver::replication
