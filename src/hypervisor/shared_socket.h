// A disk that several VMs share has an id of its own, the same on both sites. Its DiskKey has that
// in place of a VM's id, its name for a target, for the key's `vm` says who has the disk open: a
// VM's QEMU, or the shared disk's storage daemon. Hypervisor::domain() and qmp() take either.
//
// How a VM reaches a disk that it shares with others: as an NBD client of its storage daemon.
//
//     DATA/shared/<id of the disk>/nbd     the daemon's socket
//     <first 8 characters of the VM's id>  the export on it that is for this VM
//
// Made and read here alone. The path says which disk it is on every site, so a definition that
// comes from another site is understood without asking that site; the export says whose it is, so
// a definition that was copied for another VM does not pass for one of its own.
#pragma once

#include "model/names.h"
#include "sys/files.h"

#include <optional>
#include <string>

namespace reviver::hypervisor {

sys::Path shared_disk_directory(const sys::Path& data, VmId disk);
sys::Path shared_disk_socket(const sys::Path& data, VmId disk);
std::string shared_disk_export(VmId vm);
// Nothing for what is no shared disk, or another VM's.
std::optional<VmId> shared_disk_of(const sys::Path& socket, const std::string& export_name,
                                   VmId vm);

// The <disk> element by which a VM has the disk as `target`. When the daemon goes away the VM is
// paused in the middle of its requests, which are repeated when it runs again: the guest is never
// told of an error.
std::string shared_disk_element(const sys::Path& data, VmId disk, VmId vm,
                                const std::string& target);

}  // namespace reviver::hypervisor
