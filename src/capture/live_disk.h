// A disk of a running VM, as its QEMU knows it.
#pragma once

#include "capture/coverage.h"
#include "hypervisor/hypervisor.h"
#include "qemu/qmp.h"

#include <cstdint>
#include <string>
#include <vector>

namespace reviver::capture {

struct LiveDisk {
    std::string target;  // "vda"
    std::string device;  // QOM path whose property `drive` says what the guest reads and writes;
                         // empty in a storage daemon (qemu/served_disk.h)
    std::string node;    // what `drive` is now: bitmaps and filters belong there
    std::string driver;  // of that node, "qcow2"
    std::uint64_t size_bytes = 0;
    std::vector<qemu::Bitmap> bitmaps;
};

// The commands of one VM's QEMU.
qemu::Qmp qmp_of(hypervisor::Hypervisor& hypervisor, VmId vm);

// In the order of `disks`. Error invalid_state for a disk that QEMU does not have.
std::vector<LiveDisk> live_disks(const qemu::Qmp& qmp, const std::vector<hypervisor::Disk>& disks);

// For people: "VM db", "shared disk quorum".
std::string title(const hypervisor::Domain& domain);

bool has_qemu(const hypervisor::Domain& domain);
std::vector<SeenBitmap> seen(const std::vector<qemu::Bitmap>& bitmaps);

}  // namespace reviver::capture
