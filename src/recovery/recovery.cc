#include "recovery/recovery.h"

#include "base/error.h"
#include "base/log.h"
#include "hypervisor/shared_socket.h"
#include "recovery/definition.h"
#include "recovery/each_vm.h"
#include "recovery/flatten.h"

#include <algorithm>
#include <optional>
#include <set>

namespace reviver::recovery {

using hypervisor::Domain;
using hypervisor::DomainXml;
using hypervisor::Power;

namespace {

std::string replica_lock_text(const std::string& collection) {
    return fmt::format("This VM is a Reviver replica of '{}'. Use reviver failover.", collection);
}

bool is_on(const Domain& domain) {
    return domain.power == Power::running || domain.power == Power::held;
}

std::vector<VmId> ids_of(const std::vector<VmDefinition>& vms) {
    std::vector<VmId> ids;
    for (const VmDefinition& vm : vms) ids.push_back(vm.id);
    return ids;
}

const VmDefinition& definition_of(const std::vector<VmDefinition>& vms, VmId id) {
    return *std::ranges::find(vms, id, &VmDefinition::id);
}

bool uses(const Domain& domain, const std::string& path) {
    const auto disks = DomainXml(domain.xml).disks();
    return std::ranges::find(disks, path, &hypervisor::Disk::source) != disks.end();
}

std::optional<DomainXml> xml_of(const Domain* domain) {
    if (domain == nullptr) return std::nullopt;
    return DomainXml(domain->xml);
}

const Domain* pointer_to(const std::optional<Domain>& domain) {
    return domain ? &*domain : nullptr;
}

}  // namespace

Recovery::Recovery(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data,
                   sharing::SharedDisks* shared)
    : hypervisor_(hypervisor),
      files_(files),
      data_(std::filesystem::absolute(data)),
      shared_(shared),
      locks_(hypervisor, files, data),
      overlays_(files, data) {}

// ---------------------------------------------------------------------------------------- replicas

DomainXml Recovery::replica_of(const VmDefinition& vm, const Domain* local) const {
    std::map<std::string, DiskImage> images;
    // Not the paths of the other site: here they may belong to somebody.
    for (const hypervisor::Disk& disk : DomainXml(vm.domain_xml).disks()) {
        if (disk.shared)
            images[disk.target] = {hypervisor::shared_disk_socket(data_, *disk.shared), ""};
        else
            images[disk.target] = {overlays_.absent({vm.id, disk.target}), "qcow2"};
    }
    const std::optional<DomainXml> local_xml = xml_of(local);
    return definition_at_site(vm.domain_xml, images, local_xml ? &*local_xml : nullptr);
}

void Recovery::define_replica(const std::string& collection, const VmDefinition& vm,
                              const Domain* local) {
    locks_.define_locked(replica_of(vm, local), replica_lock_text(collection),
                         {vm.domain_xml, "", false, true, 0, ""});
}

void Recovery::show_replica(const std::string& collection, const VmDefinition& vm) {
    const std::optional<Domain> domain = find_domain(hypervisor_, vm.id);
    const std::optional<LockRecord> record = locks_.records().find(vm.id);
    if (!domain) return define_replica(collection, vm, nullptr);
    const bool locked = DomainXml(domain->xml).locked();
    if (!locked && is_on(*domain)) {
        fail(Code::invalid_state, "'{}' runs at this site: a replica of it cannot be kept",
             domain->name);
    }
    // One that was made here and is unlocked was given to the user by a failover: it is the user's.
    if (!locked || !record || !record->made_here)
        return locks_.lock(vm.id, replica_lock_text(collection));
    if (record->definition != vm.domain_xml) return define_replica(collection, vm, &*domain);
    locks_.lock(vm.id, replica_lock_text(collection));
}

void Recovery::show_replicas(const std::string& collection, const std::vector<VmDefinition>& vms) {
    throw_failures(for_each_vm(ids_of(vms),
                               [&](VmId id) { show_replica(collection, definition_of(vms, id)); }),
                   names_in(vms), "mend that and try again");
}

void Recovery::forget_replica(VmId vm) {
    const std::optional<Domain> domain = find_domain(hypervisor_, vm);
    const std::optional<LockRecord> record = locks_.records().find(vm);
    if (!record) return;
    if (domain && !DomainXml(domain->xml).locked()) return;
    if (domain && !record->made_here) return locks_.unlock(vm);
    if (domain) hypervisor_.undefine(vm);
    locks_.records().remove(vm);
}

void Recovery::forget_replicas(const std::vector<VmId>& vms) {
    throw_failures(for_each_vm(vms, [&](VmId vm) { forget_replica(vm); }), names_at(hypervisor_),
                   "mend that and remove the replication again");
}

Epoch Recovery::epoch_used(const std::vector<VmId>& vms) {
    Epoch latest;
    for (const VmId vm : vms) latest = std::max(latest, overlays_.epoch_used(vm));
    return latest;
}

// ---------------------------------------------------------------------------------------- failover

bool Recovery::runs_on_overlays(const FailoverPlan& plan, const Domain& domain) const {
    const auto disks = plan.disks_of(domain.id);
    return !DomainXml(domain.xml).locked() && std::ranges::all_of(disks, [&](const auto& disk) {
        return uses(domain, overlays_.path_of(plan, disk.key));
    });
}

void Recovery::prepare_shared(const FailoverPlan& plan) {
    const auto disks = plan.shared_disks();
    if (!disks.empty() && shared_ == nullptr)
        fail(Code::not_supported, "this site cannot serve disks that VMs share");
    for (const PlanDisk& disk : disks)
        shared_->set_up(disk.key.vm, disk.key.target, {overlays_.path_of(plan, disk.key), "qcow2"},
                        [&] { overlays_.make(plan, disk); });
}

void Recovery::revert_shared(const FailoverPlan& plan) {
    if (shared_ == nullptr) return;
    for (const PlanDisk& disk : plan.shared_disks()) {
        shared_->take_back(disk.key.vm, {overlays_.path_of(plan, disk.key), "qcow2"});
        overlays_.remove(plan, disk.key);
    }
}

// Makes the overlays of the disks that are the VM's alone.
std::map<std::string, DiskImage> Recovery::images_of(const FailoverPlan& plan,
                                                     const VmDefinition& vm) {
    std::map<std::string, DiskImage> images;
    for (const PlanDisk& disk : plan.disks_of(vm.id)) {
        overlays_.make(plan, disk);
        images[disk.key.target] = {overlays_.path_of(plan, disk.key), "qcow2"};
    }
    const auto shared = plan.shared_disks();
    for (const hypervisor::Disk& disk : DomainXml(vm.domain_xml).disks()) {
        const auto is_it = [&](const PlanDisk& each) { return each.key.vm == disk.shared; };
        if (std::ranges::any_of(shared, is_it))
            images[disk.target] = {hypervisor::shared_disk_socket(data_, *disk.shared), ""};
    }
    return images;
}

void Recovery::prepare_vm(const FailoverPlan& plan, const VmDefinition& vm) {
    const std::optional<Domain> domain = find_domain(hypervisor_, vm.id);
    if (domain && runs_on_overlays(plan, *domain)) return;
    if (domain && is_on(*domain)) {
        fail(Code::invalid_state, "'{}' runs at this site: shut it down first", domain->name);
    }
    // What revert() goes back to. Under a lock the record is there already, and says more than the
    // locked definition does.
    if (!domain) {
        locks_.records().save(vm.id, {vm.domain_xml, "", false, true, 0, ""});
    } else if (!DomainXml(domain->xml).locked()) {
        locks_.records().save(vm.id, {domain->xml, "", domain->autostart, false, 0, ""});
    }
    const auto images = images_of(plan, vm);
    const std::optional<DomainXml> local = xml_of(pointer_to(domain));
    if (domain) locks_.discard_saved_state(vm.id);
    hypervisor_.define(definition_at_site(vm.domain_xml, images, local ? &*local : nullptr).text());
}

// Without their shared disks none of the VMs is of use.
std::vector<VmFailure> Recovery::prepare(const FailoverPlan& plan) {
    try {
        prepare_shared(plan);
    } catch (const Error& error) {
        std::vector<VmFailure> all;
        for (const VmId id : ids_of(plan.vms)) all.push_back({id, error.what(), error.code()});
        return all;
    }
    return for_each_vm(ids_of(plan.vms),
                       [&](VmId id) { prepare_vm(plan, definition_of(plan.vms, id)); });
}

void Recovery::lock_again(const FailoverPlan& plan, const VmDefinition& vm) {
    const std::optional<Domain> domain = find_domain(hypervisor_, vm.id);
    const std::optional<LockRecord> record = locks_.records().find(vm.id);
    if (record && !record->made_here) {
        return locks_.define_locked(DomainXml(record->definition),
                                    replica_lock_text(plan.collection), *record);
    }
    define_replica(plan.collection, vm, pointer_to(domain));
}

void Recovery::revert_vm(const FailoverPlan& plan, const VmDefinition& vm) {
    std::optional<Domain> domain = find_domain(hypervisor_, vm.id);
    // A VM that prepare() could not set up is not ours to touch.
    if (domain && runs_on_overlays(plan, *domain)) {
        locks_.discard_saved_state(vm.id);
        lock_again(plan, vm);
        domain = find_domain(hypervisor_, vm.id);
    }
    if (domain && DomainXml(domain->xml).locked() && is_on(*domain)) hypervisor_.power_off(vm.id);
    for (const PlanDisk& disk : plan.disks_of(vm.id)) overlays_.remove(plan, disk.key);
}

void Recovery::revert(const FailoverPlan& plan) {
    throw_failures(for_each_vm(ids_of(plan.vms),
                               [&](VmId id) { revert_vm(plan, definition_of(plan.vms, id)); }),
                   names_in(plan.vms), "mend that and revert the failover again");
    revert_shared(plan);
}

bool Recovery::flatten(const FailoverPlan& plan,
                       const std::function<void(unsigned percent)>& progress,
                       const std::function<bool()>& cancelled) {
    bool all_done = true;
    std::set<VmId> vms;
    for (const VmDefinition& vm : plan.vms) vms.insert(vm.id);
    for (std::size_t i = 0; i < plan.disks.size(); ++i) {
        if (cancelled()) return false;
        const auto disk_progress = [&](double share) {
            progress(static_cast<unsigned>(100 * (static_cast<double>(i) + share) /
                                           static_cast<double>(plan.disks.size())));
        };
        const PlanDisk& disk = plan.disks[i];
        const FlattenRequest request{disk.key, overlays_.path_of(plan, disk.key), disk.base};
        const bool is_shared = !vms.contains(disk.key.vm);
        const auto flatten_it = is_shared ? flatten_served_disk : flatten_disk;
        all_done = flatten_it(hypervisor_, files_, request, disk_progress, cancelled) && all_done;
    }
    return all_done;
}

}  // namespace reviver::recovery
