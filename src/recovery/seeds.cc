#include "recovery/seeds.h"

#include "base/error.h"
#include "hypervisor/domain_xml.h"
#include "qemu/image_tool.h"
#include "recovery/limits.h"
#include "recovery/locks.h"

#include <algorithm>
#include <map>

namespace reviver::recovery {

namespace {

using hypervisor::Disk;
using hypervisor::Domain;
using hypervisor::DomainXml;
using hypervisor::Power;

// What keeps all disks of a VM from being seeds; "" when nothing does.
std::string trouble_with(const std::optional<Domain>& domain, LockRecords& records, VmId vm) {
    if (!domain) return "there is no such VM";
    if (domain->power == Power::running || domain->power == Power::held)
        fail(Code::invalid_state, "'{}' runs at this site: shut it down first", domain->name);
    const auto record = records.find(vm);
    if (record && record->made_here)
        return fmt::format("'{}' has no disks of its own here: restore a copy of it under its id",
                           domain->name);
    if (!DomainXml(domain->xml).locked())
        return fmt::format("'{}' is not locked: somebody changed its definition", domain->name);
    return "";
}

std::string trouble_with(const std::vector<qemu::ImageInfo>& chain) {
    if (chain.size() > seed_files_max)
        return fmt::format("it consists of {} files on each other; {} are allowed", chain.size(),
                           seed_files_max);
    if (std::ranges::any_of(chain, &qemu::ImageInfo::corrupt)) return "it is marked as corrupt";
    return "";
}

void look_at_image(const Disk& disk, Seed& seed) {
    seed.path = disk.source;
    seed.format = disk.format;
    if (!seed.path.is_absolute() || disk.shareable) {
        seed.trouble = "it is no file of this VM alone";
        return;
    }
    try {
        const auto chain = qemu::chain_info(seed.path, seed.format);
        seed.size_bytes = chain.front().size_bytes;
        seed.trouble = trouble_with(chain);
    } catch (const Error& error) {
        seed.trouble = error.what();
    }
}

Seed find_seed(const Domain& domain, const DiskKey& key) {
    Seed seed;
    seed.key = key;
    const auto disks = DomainXml(domain.xml).disks();
    const auto disk = std::ranges::find(disks, key.target, &Disk::target);
    if (disk == disks.end())
        seed.trouble = fmt::format("'{}' has no such disk", domain.name);
    else
        look_at_image(*disk, seed);
    return seed;
}

}  // namespace

std::vector<Seed> find_seeds(hypervisor::Hypervisor& hypervisor, LockRecords& records,
                             const std::vector<DiskKey>& keys) {
    struct Known {
        std::optional<Domain> domain;
        std::string trouble;
    };
    std::map<VmId, Known> vms;
    for (const DiskKey& key : keys) {
        if (vms.contains(key.vm)) continue;
        auto domain = find_domain(hypervisor, key.vm);
        auto trouble = trouble_with(domain, records, key.vm);
        vms[key.vm] = {std::move(domain), std::move(trouble)};
    }
    std::vector<Seed> seeds;
    for (const DiskKey& key : keys) {
        const Known& vm = vms.at(key.vm);
        if (vm.trouble.empty()) {
            seeds.push_back(find_seed(*vm.domain, key));
        } else {
            seeds.push_back({key, 0, {}, "", vm.trouble});
        }
    }
    return seeds;
}

}  // namespace reviver::recovery
