#include "capture/members.h"

#include "base/error.h"
#include "capture/limits.h"
#include "capture/live_disk.h"
#include "qemu/image_tool.h"

#include <filesystem>

namespace reviver::capture {

namespace {

void refuse_unfollowable(const hypervisor::Domain& domain, const hypervisor::Disk& disk) {
    if (disk.shareable)
        fail(Code::not_supported,
             "disk {} of VM {} is shareable: what other VMs write to it cannot be followed. "
             "Exclude it from replication",
             disk.target, domain.name);
    if (disk.source.empty())
        fail(Code::not_supported,
             "disk {} of VM {} is no file and no block device. Exclude it from replication",
             disk.target, domain.name);
}

std::vector<hypervisor::Disk> followed(const hypervisor::Domain& domain,
                                       const std::function<bool(const DiskKey&)>& included) {
    std::vector<hypervisor::Disk> disks;
    for (const auto& disk : domain.disks) {
        if (disk.read_only || !included({domain.id, disk.target})) continue;
        refuse_unfollowable(domain, disk);
        disks.push_back(disk);
    }
    return disks;
}

std::vector<std::uint64_t> sizes_of(hypervisor::Hypervisor& hypervisor,
                                    const hypervisor::Domain& domain,
                                    const std::vector<hypervisor::Disk>& disks) {
    std::vector<std::uint64_t> sizes;
    if (has_qemu(domain)) {
        for (const auto& disk : live_disks(qmp_of(hypervisor, domain.id), disks))
            sizes.push_back(disk.size_bytes);
    } else {
        for (const auto& disk : disks)
            sizes.push_back(qemu::image_info(disk.source, disk.format).size_bytes);
    }
    return sizes;
}

void add_vm(hypervisor::Hypervisor& hypervisor, VmId vm,
            const std::function<bool(const DiskKey&)>& included, Members& members) {
    const auto domain = hypervisor.domain(vm);
    const auto disks = followed(domain, included);
    const auto sizes = sizes_of(hypervisor, domain, disks);
    for (std::size_t i = 0; i < disks.size(); ++i)
        members.disks.push_back(
            {{{vm, disks[i].target}, sizes[i]}, disks[i].source, disks[i].format});
    members.vms.push_back({vm, domain.name, domain.xml});
}

}  // namespace

Members find_members(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms,
                     const std::function<bool(const DiskKey&)>& included) {
    if (vms.size() > vms_max)
        fail(Code::out_of_memory, "a group has at most {} VMs, not {}", vms_max, vms.size());
    Members members;
    for (const auto vm : vms) {
        try {
            add_vm(hypervisor, vm, included, members);
        } catch (Error& error) {
            error.add_context("VM " + vm.text());
            throw;
        }
    }
    return members;
}

}  // namespace reviver::capture
