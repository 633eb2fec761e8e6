#include "recovery/trials.h"

#include "base/checksum.h"
#include "base/error.h"
#include "hypervisor/networks.h"
#include "qemu/image_tool.h"
#include "recovery/definition.h"
#include "recovery/each_vm.h"
#include "recovery/locks.h"

#include <algorithm>
#include <map>
#include <optional>

namespace reviver::recovery {

using hypervisor::Domain;
using hypervisor::DomainXml;
using hypervisor::Isolation;
using hypervisor::Power;

namespace {

std::string network_name(CollectionId id) {
    return "reviver-test-" + id.text();
}

// In 239.0.0.0/8, which is for whoever administers a network, at a dynamic port: two tests on one
// wire meet with a chance of one in 10^11.
void choose_multicast(Isolation& isolation, CollectionId id) {
    const Hash hash = sha256(bytes_of(id.text()));
    const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(hash[at]); };
    isolation.multicast_address = fmt::format("239.{}.{}.{}", byte(0), byte(1), byte(2));
    isolation.multicast_port =
        static_cast<std::uint16_t>(49152 + (byte(3) << 8 | byte(4)) % (65536 - 49152));
}

bool is_on(const Domain& domain) {
    return domain.power == Power::running || domain.power == Power::held;
}

std::vector<VmId> ids_of(const std::vector<TrialVm>& vms) {
    std::vector<VmId> ids;
    for (const TrialVm& vm : vms) ids.push_back(vm.id);
    return ids;
}

}  // namespace

sys::Path Trials::directory_of(CollectionId id, VmId vm) const {
    return directory_ / id.text() / vm.text();
}

Isolation Trials::isolation_of(CollectionId id, VmId vm) const {
    Isolation isolation;
    if (hypervisor_.networks() != nullptr) {
        isolation.network = network_name(id);
    } else {
        choose_multicast(isolation, id);
    }
    isolation.directory = directory_of(id, vm);
    return isolation;
}

// As in Overlays: what has its name is complete.
void Trials::make_overlay(const sys::Path& path, const PlanDisk& disk) {
    const sys::Path unfinished = path.string() + ".new";
    files_.remove(unfinished);
    qemu::create_overlay(unfinished, disk.top, disk.top_format, disk.size_bytes);
    files_.open(unfinished, sys::OpenMode::write)->sync();
    files_.rename(unfinished, path);
}

void Trials::make_vm(const TrialPlan& plan, const TrialVm& vm) {
    if (find_domain(hypervisor_, vm.id)) return;
    const sys::Path directory = directory_of(plan.id, vm.id);
    files_.make_directories(directory);
    std::map<std::string, DiskImage> images;
    for (const PlanDisk& disk : plan.point.disks_of(vm.original)) {
        const sys::Path path = directory / (disk.key.target + ".qcow2");
        make_overlay(path, disk);
        images[disk.key.target] = {path, "qcow2"};
    }
    files_.sync_directory(directory);
    const auto original = std::ranges::find(plan.point.vms, vm.original, &VmDefinition::id);
    const std::optional<Domain> replica = find_domain(hypervisor_, vm.original);
    std::optional<DomainXml> local;
    if (replica) local.emplace(replica->xml);
    const DomainXml here =
        definition_at_site(original->domain_xml, images, local ? &*local : nullptr);
    hypervisor_.define(isolated_copy(here.text(), vm.id, vm.name, isolation_of(plan.id, vm.id)));
}

std::vector<VmFailure> Trials::make(const TrialPlan& plan) {
    if (!plan.point.shared_disks().empty()) {
        fail(Code::not_supported, "'{}' has disks that its VMs share; a test cannot serve them",
             plan.point.collection);
    }
    if (auto* networks = hypervisor_.networks()) networks->make_isolated(network_name(plan.id));
    return for_each_vm(ids_of(plan.vms), [&](VmId id) {
        make_vm(plan, *std::ranges::find(plan.vms, id, &TrialVm::id));
    });
}

// One that was undefined while it ran, by whomever, is gone as soon as it is off.
void Trials::remove_vm(CollectionId id, VmId vm) {
    std::optional<Domain> domain = find_domain(hypervisor_, vm);
    if (domain && is_on(*domain)) {
        hypervisor_.power_off(vm);
        domain = find_domain(hypervisor_, vm);
    }
    if (domain) hypervisor_.undefine(vm);
    // Somebody was quick to start it in between.
    if (find_domain(hypervisor_, vm)) hypervisor_.power_off(vm);
    remove_directory(directory_of(id, vm));
}

void Trials::remove_directory(const sys::Path& directory) {
    if (!files_.exists(directory)) return;
    for (const std::string& name : files_.list(directory)) files_.remove(directory / name);
    files_.remove(directory);
}

void Trials::remove(CollectionId id, const std::vector<VmId>& vms) {
    throw_failures(for_each_vm(vms, [&](VmId vm) { remove_vm(id, vm); }));
    if (auto* networks = hypervisor_.networks()) networks->remove(network_name(id));
    remove_directory(directory_ / id.text());
}

}  // namespace reviver::recovery
