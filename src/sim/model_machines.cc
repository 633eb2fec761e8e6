#include "sim/model_machines.h"

#include "base/error.h"
#include "replication/disk_set.h"

namespace reviver::sim {

using replication::FailoverPlan;
using replication::PointDisk;

namespace {

std::string overlay_path(const FailoverPlan& plan, const DiskKey& disk) {
    return fmt::format("/vms/{}/{}-{}-{}.qcow2", disk.vm.text(), disk.target, plan.epoch.value,
                       plan.sequence.value);
}

std::map<std::string, std::string> overlays_of(const FailoverPlan& plan, VmId vm) {
    std::map<std::string, std::string> paths;
    for (const PointDisk& disk : plan.disks) {
        if (disk.shape.key.vm == vm) {
            paths[disk.shape.key.target] = overlay_path(plan, disk.shape.key);
        }
    }
    return paths;
}

std::string trial_directory(CollectionId trial, VmId vm) {
    return fmt::format("{}{}/{}/", trial_images, trial.text(), vm.text());
}

std::string trial_disk(CollectionId trial, VmId vm, const std::string& target) {
    return trial_directory(trial, vm) + target + ".qcow2";
}

std::string replica_text(const std::string& collection) {
    return "This VM is a replica of '" + collection + "'";
}

}  // namespace

void ModelMachines::pause() {
    host_.world.clock.sleep_until(
        host_.world.clock.after(std::chrono::milliseconds(prng_.below(4))));
}

std::unique_ptr<replication::GroupDisks> ModelMachines::group(
    CollectionId collection, const std::vector<VmId>& vms,
    const std::vector<std::string>& included_disks) {
    return std::make_unique<ModelDisks>(host_, agents_, collection, vms,
                                        replication::included_in(included_disks));
}

std::vector<VmId> ModelMachines::running(const std::vector<VmId>& vms) {
    std::vector<VmId> result;
    for (const VmId id : vms) {
        if (hypervisor_.vms().contains(id) && hypervisor_.vm(id).running) result.push_back(id);
    }
    return result;
}

void ModelMachines::shut_down(const std::vector<VmId>& vms, const replication::ShutDown& how) {
    sys::Clock& clock = host_.world.clock;
    const sys::MonoTime deadline = clock.after(how.patience);
    for (const VmId id : vms) {
        pause();
        const auto is_on = [&] {
            return hypervisor_.vms().contains(id) && hypervisor_.vm(id).running;
        };
        const bool deaf = prng_.one_in(troubled_one_in_);
        while (is_on() && deaf && clock.mono() < deadline) {
            if (how.cancelled()) fail(Code::stopped, "shutting down was cancelled");
            clock.sleep_until(clock.after(std::chrono::milliseconds(500)));
        }
        if (!is_on()) continue;
        if (deaf && !how.force) fail(Code::timeout, "VM {} did not shut down", id.text());
        hypervisor_.stop(id);
    }
}

void ModelMachines::lock_vm(VmId id, const std::string& why) {
    HostVm& vm = hypervisor_.vm(id);
    if (host_.mutant == EngineMutant::no_fence && why.find("taken over") != std::string::npos) {
        return;
    }
    if (vm.lock == why) return;
    if (vm.lock.empty()) hypervisor_.records()[id] = {vm.disks, false};
    vm.lock = why;
}

void ModelMachines::lock(const std::vector<VmId>& vms, const std::string& why) {
    for (const VmId id : vms) {
        pause();
        lock_vm(id, why);
    }
}

void ModelMachines::unlock(const std::vector<VmId>& vms) {
    for (const VmId id : vms) {
        pause();
        HostVm& vm = hypervisor_.vm(id);
        if (vm.lock.empty()) continue;
        const VmRecord record = hypervisor_.records().at(id);
        if (record.made_here) {
            fail(Code::invalid_state, "'{}' is a replica: fail its collection over", vm.name);
        }
        vm.disks = record.disks;
        vm.lock.clear();
        hypervisor_.records().erase(id);
    }
}

void ModelMachines::show_replica(const std::string& why, const VmDefinition& definition) {
    const auto found = hypervisor_.vms().find(definition.id);
    if (found == hypervisor_.vms().end()) {
        hypervisor_.records()[definition.id] = {{}, true};
        hypervisor_.vms()[definition.id] = {definition.name, {}, why, false, 0};
        return;
    }
    const HostVm& vm = found->second;
    if (vm.lock.empty() && vm.running) {
        fail(Code::invalid_state, "'{}' runs at this site: a replica of it cannot be kept",
             vm.name);
    }
    lock_vm(definition.id, why);
}

void ModelMachines::show_replicas(CollectionId, const std::string& name,
                                  const std::vector<VmDefinition>& vms) {
    for (const VmDefinition& vm : vms) {
        pause();
        show_replica(replica_text(name), vm);
    }
}

void ModelMachines::forget_replicas(CollectionId, const std::vector<VmId>& vms) {
    for (const VmId id : vms) {
        pause();
        const auto record = hypervisor_.records().find(id);
        if (record == hypervisor_.records().end()) continue;
        const auto vm = hypervisor_.vms().find(id);
        const bool exists = vm != hypervisor_.vms().end();
        if (exists && vm->second.lock.empty()) continue;
        if (exists && !record->second.made_here) {
            unlock({id});
            continue;
        }
        hypervisor_.vms().erase(id);
        hypervisor_.records().erase(id);
    }
}

bool ModelMachines::runs_on_overlays(const FailoverPlan& plan, VmId id) {
    const auto found = hypervisor_.vms().find(id);
    return found != hypervisor_.vms().end() && found->second.lock.empty() &&
           found->second.disks == overlays_of(plan, id);
}

void ModelMachines::require_known(const FailoverPlan& plan) {
    GroupState state;
    for (const PointDisk& disk : plan.disks) {
        state[disk.shape.key] = hypervisor_.content(disk.top.string());
    }
    host_.book.require_known(state, fmt::format("point {}", plan.sequence.value));
}

void ModelMachines::set_up(const FailoverPlan& plan, const VmDefinition& definition) {
    if (runs_on_overlays(plan, definition.id)) return;
    const auto found = hypervisor_.vms().find(definition.id);
    const bool exists = found != hypervisor_.vms().end();
    if (exists && found->second.running) {
        fail(Code::invalid_state, "'{}' runs at this site: shut it down first", definition.name);
    }
    if (prng_.one_in(troubled_one_in_)) fail(Code::failed, "the hypervisor has a bad day");
    if (!exists) {
        hypervisor_.records()[definition.id] = {{}, true};
    } else if (found->second.lock.empty()) {
        hypervisor_.records()[definition.id] = {found->second.disks, false};
    }
    for (const PointDisk& disk : plan.disks) {
        if (disk.shape.key.vm != definition.id) continue;
        hypervisor_.make_overlay(overlay_path(plan, disk.shape.key), disk.top.string(),
                                 plan.sequence);
    }
    const std::uint64_t turns = exists ? found->second.turns : 0;
    hypervisor_.vms()[definition.id] = {definition.name, overlays_of(plan, definition.id), "",
                                        false, turns};
}

std::vector<replication::VmFailure> ModelMachines::fail_over(const FailoverPlan& plan) {
    require_known(plan);
    std::vector<replication::VmFailure> failures;
    for (const VmDefinition& vm : plan.vms) {
        pause();
        try {
            set_up(plan, vm);
        } catch (const Error& e) {
            failures.push_back({vm.id, e.what()});
        }
    }
    return failures;
}

void ModelMachines::take_back(const FailoverPlan& plan, const VmDefinition& definition) {
    if (runs_on_overlays(plan, definition.id)) {
        HostVm& vm = hypervisor_.vm(definition.id);
        hypervisor_.stop(definition.id);
        vm.disks = hypervisor_.records().at(definition.id).disks;
        vm.lock = replica_text(plan.collection_name);
    }
    for (const auto& [target, path] : overlays_of(plan, definition.id)) {
        hypervisor_.remove_image(path);
    }
}

void ModelMachines::revert_failover(const FailoverPlan& plan) {
    for (const VmDefinition& vm : plan.vms) {
        pause();
        take_back(plan, vm);
    }
}

void ModelMachines::start(const std::vector<VmId>& vms) {
    for (const VmId id : vms) {
        pause();
        hypervisor_.start(id);
    }
}

bool ModelMachines::flatten(const FailoverPlan& plan,
                            const std::function<void(unsigned percent)>& progress,
                            const std::function<bool()>& cancelled) {
    bool all = true;
    for (const PointDisk& disk : plan.disks) {
        pause();
        if (cancelled()) return false;
        const std::string path = overlay_path(plan, disk.shape.key);
        const auto image = hypervisor_.image(path);
        if (image != nullptr && image->backing == disk.base.string()) continue;
        const auto vm = hypervisor_.vms().find(disk.shape.key.vm);
        if (vm == hypervisor_.vms().end() || !vm->second.running) {
            all = false;
            continue;
        }
        if (prng_.one_in(troubled_one_in_)) {
            hypervisor_.die(vm->first);
            fail(Code::failed, "the monitor of {} answers no more", vm->second.name);
        }
        hypervisor_.flatten(path, disk.base.string());
        progress(50);
    }
    return all;
}

void ModelMachines::make_trial_vm(const replication::TrialPlan& plan,
                                  const replication::TrialVm& vm) {
    if (hypervisor_.vms().contains(vm.id)) return;
    if (prng_.one_in(troubled_one_in_)) fail(Code::failed, "the hypervisor has a bad day");
    std::map<std::string, std::string> disks;
    for (const PointDisk& disk : plan.point.disks) {
        if (disk.shape.key.vm != vm.original) continue;
        const std::string path = trial_disk(plan.collection, vm.id, disk.shape.key.target);
        hypervisor_.make_overlay(path, disk.top.string(), plan.point.sequence);
        disks[disk.shape.key.target] = path;
    }
    pause();
    hypervisor_.vms()[vm.id] = {vm.name, disks, "", false, 0};
}

std::vector<replication::VmFailure> ModelMachines::make_trial(const replication::TrialPlan& plan) {
    require_known(plan.point);
    std::vector<replication::VmFailure> failures;
    for (const replication::TrialVm& vm : plan.vms) {
        pause();
        try {
            make_trial_vm(plan, vm);
        } catch (const Error& e) {
            failures.push_back({vm.id, e.what()});
        }
    }
    return failures;
}

void ModelMachines::remove_trial(CollectionId trial, const std::vector<VmId>& vms) {
    for (const VmId id : vms) {
        pause();
        if (prng_.one_in(troubled_one_in_)) fail(Code::failed, "the hypervisor has a bad day");
        hypervisor_.vms().erase(id);
        pause();
        hypervisor_.remove_images_below(trial_directory(trial, id));
    }
}

std::optional<std::string> ModelMachines::vm_name(VmId vm) {
    const auto found = hypervisor_.vms().find(vm);
    if (found == hypervisor_.vms().end()) return std::nullopt;
    return found->second.name;
}

std::vector<replication::SeedDisk> ModelMachines::seed_disks(const std::vector<DiskKey>& keys) {
    std::vector<replication::SeedDisk> result;
    for (const DiskKey& key : keys) {
        result.push_back({{{key, 0}, {}, ""}, ""});
        replication::SeedDisk& seed = result.back();
        const auto vm = hypervisor_.vms().find(key.vm);
        if (vm == hypervisor_.vms().end() || !vm->second.disks.contains(key.target)) {
            seed.trouble = "there is no such disk";
            continue;
        }
        if (vm->second.running) fail(Code::invalid_state, "'{}' runs", vm->second.name);
        const std::string path = vm->second.disks.at(key.target);
        const auto image = hypervisor_.image(path);
        if (vm->second.lock.empty()) seed.trouble = "it is not locked";
        if (image == nullptr || prng_.one_in(troubled_one_in_)) seed.trouble = "it cannot be read";
        if (seed.trouble.empty()) seed.disk = {{key, image->truth.size()}, path, "qcow2"};
    }
    return result;
}

Epoch ModelMachines::epoch_used(const std::vector<VmId>& vms) {
    Epoch latest;
    for (const VmId vm : vms)
        latest = std::max(latest, hypervisor_.epoch_used("/vms/" + vm.text()));
    return latest;
}

std::vector<replication::OwnDisk> ModelMachines::own_disks(
    const std::vector<VmId>& vms, const std::vector<std::string>& included_disks) {
    const auto included = replication::included_in(included_disks);
    host_.book.record_adopted(state_of(hypervisor_, vms));
    std::vector<replication::OwnDisk> result;
    for (const VmId id : vms) {
        for (const auto& [target, path] : hypervisor_.vm(id).disks) {
            if (!included({id, target})) continue;
            const auto image = hypervisor_.image(path);
            if (image == nullptr) fail(Code::not_found, "VM {} has no image {}", id.text(), path);
            result.push_back({{{id, target}, image->truth.size()}, path, "qcow2"});
        }
    }
    return result;
}

}  // namespace reviver::sim
