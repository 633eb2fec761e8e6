#include "recovery/trials.h"

#include "base/checksum.h"
#include "base/error.h"
#include "hypervisor/networks.h"
#include "hypervisor/shared_socket.h"
#include "qemu/image_tool.h"
#include "recovery/each_vm.h"
#include "recovery/locks.h"
#include "recovery/trial_ids.h"
#include "sharing/limits.h"

#include <algorithm>
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

// A shared disk's name stays within its limit.
std::string shared_name_of_trial(const std::string& name) {
    const std::string suffix = "-test";
    return name.substr(0, sharing::name_bytes_max - suffix.size()) + suffix;
}

}  // namespace

Trials::Trials(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data,
               sharing::SharedDisks* shared)
    : hypervisor_(hypervisor),
      files_(files),
      data_(std::filesystem::absolute(data)),
      directory_(data_ / "tests"),
      shared_(shared) {}

sys::Path Trials::directory_of(CollectionId id, VmId owner) const {
    return directory_ / id.text() / owner.text();
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

sys::Path Trials::make_image(const TrialPlan& plan, VmId owner, const PlanDisk& disk) {
    const sys::Path directory = directory_of(plan.id, owner);
    const sys::Path path = directory / (disk.key.target + ".qcow2");
    files_.make_directories(directory);
    make_overlay(path, disk);
    files_.sync_directory(directory);
    return path;
}

// Of all disks of the VM, but made only for those that are its alone.
std::map<std::string, DiskImage> Trials::images_of(const TrialPlan& plan, const TrialVm& vm) {
    std::map<std::string, DiskImage> images;
    for (const PlanDisk& disk : plan.point.disks_of(vm.original))
        images[disk.key.target] = {make_image(plan, vm.id, disk), "qcow2"};
    const auto original = std::ranges::find(plan.point.vms, vm.original, &VmDefinition::id);
    const auto shared = plan.point.shared_disks();
    for (const hypervisor::Disk& disk : DomainXml(original->domain_xml).disks()) {
        const auto is_it = [&](const PlanDisk& each) { return each.key.vm == disk.shared; };
        if (std::ranges::none_of(shared, is_it)) continue;
        const VmId here = id_in_trial(plan.id, *disk.shared);
        images[disk.target] = {hypervisor::shared_disk_socket(data_, here), ""};
    }
    return images;
}

// Before any VM is defined that has them. What is served already may have been written to.
void Trials::serve_shared(const TrialPlan& plan) {
    const auto disks = plan.point.shared_disks();
    if (!disks.empty() && shared_ == nullptr)
        fail(Code::not_supported, "this site cannot serve disks that VMs share");
    for (const PlanDisk& disk : disks) {
        const VmId id = id_in_trial(plan.id, disk.key.vm);
        const sys::Path path = directory_of(plan.id, id) / (disk.key.target + ".qcow2");
        shared_->set_up(id, shared_name_of_trial(disk.key.target), {path, "qcow2"},
                        [&] { make_image(plan, id, disk); });
    }
}

void Trials::make_vm(const TrialPlan& plan, const TrialVm& vm) {
    if (find_domain(hypervisor_, vm.id)) return;
    files_.make_directories(directory_of(plan.id, vm.id));
    const auto images = images_of(plan, vm);
    const auto original = std::ranges::find(plan.point.vms, vm.original, &VmDefinition::id);
    const std::optional<Domain> replica = find_domain(hypervisor_, vm.original);
    std::optional<DomainXml> local;
    if (replica) local.emplace(replica->xml);
    const DomainXml here =
        definition_at_site(original->domain_xml, images, local ? &*local : nullptr);
    hypervisor_.define(isolated_copy(here.text(), vm.id, vm.name, isolation_of(plan.id, vm.id)));
}

std::vector<VmFailure> Trials::make(const TrialPlan& plan) {
    serve_shared(plan);
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
    remove_files(directory_of(id, vm));
}

void Trials::remove_files(const sys::Path& directory) {
    if (!files_.exists(directory)) return;
    for (const std::string& name : files_.list(directory)) files_.remove(directory / name);
    files_.remove(directory);
}

void Trials::remove(CollectionId id, const std::vector<VmId>& vms) {
    throw_failures(for_each_vm(vms, [&](VmId vm) { remove_vm(id, vm); }), names_at(hypervisor_),
                   "mend that and revert the test again");
    const sys::Path of_test = directory_ / id.text();
    if (shared_ != nullptr) shared_->forget_below(of_test);
    if (auto* networks = hypervisor_.networks()) networks->remove(network_name(id));
    if (!files_.exists(of_test)) return;
    for (const std::string& name : files_.list(of_test)) remove_files(of_test / name);
    files_.remove(of_test);
}

}  // namespace reviver::recovery
