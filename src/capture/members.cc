#include "capture/members.h"

#include "base/error.h"
#include "capture/limits.h"
#include "capture/live_disk.h"
#include "qemu/image_tool.h"

#include <algorithm>
#include <map>

namespace reviver::capture {

namespace {

// Who has the same image, by name: "db, web".
std::string sharers(hypervisor::Hypervisor& hypervisor, const std::string& image) {
    std::string names;
    for (const auto& domain : hypervisor.domains())
        for (const auto& disk : domain.disks)
            if (disk.source == image) names += (names.empty() ? "" : ", ") + domain.name;
    return names;
}

[[noreturn]] void refuse_shareable(hypervisor::Hypervisor& hypervisor,
                                   const hypervisor::Domain& domain, const hypervisor::Disk& disk) {
    fail(Code::not_supported,
         "disk {} of VM {} is shareable ({}, in the VMs {}): no QEMU of them notes what the others "
         "write, so it cannot be captured consistently. Let Reviver serve it: shut the VMs down, "
         "`reviver shared-disk add NAME --file {} --format {}`, and put what `reviver shared-disk "
         "show NAME --vm VM` prints in the place of this disk. Or exclude it from replication",
         disk.target, domain.name, disk.source, sharers(hypervisor, disk.source), disk.source,
         disk.format);
}

void refuse_unfollowable(hypervisor::Hypervisor& hypervisor, const hypervisor::Domain& domain,
                         const hypervisor::Disk& disk) {
    if (disk.shareable) refuse_shareable(hypervisor, domain, disk);
    if (disk.source.empty())
        fail(Code::not_supported,
             "disk {} of VM {} is no file and no block device. Exclude it from replication",
             disk.target, domain.name);
}

using Included = std::function<bool(const DiskKey&)>;

// Shared disks, and whether one is included as a disk of a VM.
using SharedDisks = std::map<VmId, bool>;

std::vector<hypervisor::Disk> followed(hypervisor::Hypervisor& hypervisor,
                                       const hypervisor::Domain& domain, const Included& included,
                                       SharedDisks& shared) {
    std::vector<hypervisor::Disk> own;
    for (const auto& disk : domain.disks) {
        if (disk.read_only) continue;
        const bool takes = included({domain.id, disk.target});
        if (disk.shared) {
            bool& of_any = shared[*disk.shared];
            of_any = of_any || takes;
        } else if (takes) {
            refuse_unfollowable(hypervisor, domain, disk);
            own.push_back(disk);
        }
    }
    return own;
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

void add_disks(hypervisor::Hypervisor& hypervisor, const hypervisor::Domain& owner,
               const std::vector<hypervisor::Disk>& disks, Members& members) {
    const auto sizes = sizes_of(hypervisor, owner, disks);
    for (std::size_t i = 0; i < disks.size(); ++i)
        members.disks.push_back(
            {{{owner.id, disks[i].target}, sizes[i]}, disks[i].source, disks[i].format});
}

// Whoever writes to it without being held would write into the cut.
void refuse_other_users(hypervisor::Hypervisor& hypervisor, const hypervisor::Domain& shared,
                        const std::vector<VmId>& vms) {
    for (const auto user : shared.users)
        if (std::find(vms.begin(), vms.end(), user) == vms.end())
            fail(Code::not_supported,
                 "the shared disk '{}' is also a disk of VM {}, which is not in the collection: "
                 "add it, or take the disk out of one of them",
                 shared.name, hypervisor.domain(user).name);
}

// Under the key that it has in points. One that is not served here and that nobody wants is no
// error.
bool included_by_itself(hypervisor::Hypervisor& hypervisor, VmId id, const Included& included) {
    try {
        const auto shared = hypervisor.domain(id);
        return std::any_of(shared.disks.begin(), shared.disks.end(), [&](const auto& disk) {
            return included({id, disk.target});
        });
    } catch (const Error& error) {
        if (error.code() != Code::not_found) throw;
        return false;
    }
}

void add_shared(hypervisor::Hypervisor& hypervisor, VmId id, const std::vector<VmId>& vms,
                Members& members) {
    const auto shared = hypervisor.domain(id);
    if (!shared.is_storage_daemon())
        fail(Code::not_found, "a VM has a shared disk ({}) that this site does not serve",
             id.text());
    refuse_other_users(hypervisor, shared, vms);
    add_disks(hypervisor, shared, shared.disks, members);
}

}  // namespace

Members find_members(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms,
                     const Included& included) {
    if (vms.size() > vms_max)
        fail(Code::out_of_memory, "a group has at most {} VMs, not {}", vms_max, vms.size());
    Members members;
    SharedDisks shared;
    for (const auto vm : vms) {
        try {
            const auto domain = hypervisor.domain(vm);
            const auto own = followed(hypervisor, domain, included, shared);
            add_disks(hypervisor, domain, own, members);
            members.vms.push_back({vm, domain.name, domain.xml});
        } catch (Error& error) {
            error.add_context("VM " + vm.text());
            throw;
        }
    }
    for (const auto& [id, of_any] : shared)
        if (of_any || included_by_itself(hypervisor, id, included))
            add_shared(hypervisor, id, vms, members);
    return members;
}

std::vector<VmId> shared_ids(const Members& members) {
    std::vector<VmId> ids;
    for (const auto& disk : members.disks) {
        const auto owner = disk.shape.key.vm;
        const bool of_vm = std::any_of(members.vms.begin(), members.vms.end(),
                                       [&](const auto& vm) { return vm.id == owner; });
        if (!of_vm) ids.push_back(owner);
    }
    return ids;
}

}  // namespace reviver::capture
