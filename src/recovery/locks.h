// Keeps VMs from being started by accident: a replica, whose disks are the store's, and an old
// primary, whose group runs elsewhere.
//
// A locked VM stays visible. Its definition has a disk more, whose image is a file that does not
// exist and is called by the reason:
//     error: Cannot access storage file '/DATA/locks/This VM is a Reviver replica of 'shop'. Use
//     reviver failover.'
// is what virsh, virt-manager and everything else on libvirt then says. Automatic start is off
// meanwhile. A saved state, which starts with a definition of its own, gets the same file in place
// of its first disk's image, so it is neither a way around the lock nor lost.
//
// Order, because the power may go at any point: the record of what was comes first, then the locked
// definition; when unlocking, the definition first and then the record. A locked definition without
// a record is unlocked by taking the disk out.
//
// Errors: those of the hypervisor. All calls are idempotent; calls about one VM come from one
// thread at a time.
#pragma once

#include "hypervisor/domain_xml.h"
#include "hypervisor/hypervisor.h"
#include "recovery/lock_records.h"

#include <optional>
#include <string>

namespace reviver::recovery {

class Locks {
  public:
    Locks(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data)
        : hypervisor_(hypervisor), records_(files, data) {}

    LockRecords& records() { return records_; }

    // Locks a VM as it is. One that runs goes on running.
    void lock(VmId vm, const std::string& why);
    // Code::invalid_state for a replica that was made here: it has no disks of its own to run on.
    void unlock(VmId vm);
    // Defines and locks at once; `record` says what is restored later.
    void define_locked(hypervisor::DomainXml xml, const std::string& why, LockRecord record);

    // For a VM whose disks are no longer those that it was saved with: the memory would damage
    // them.
    void discard_saved_state(VmId vm);

  private:
    void lock_saved_state(VmId vm, const std::string& file);
    void unlock_saved_state(VmId vm, const LockRecord& record);
    std::string file_for(const std::string& why) const;

    hypervisor::Hypervisor& hypervisor_;
    LockRecords records_;
};

// Nothing when there is no such VM.
std::optional<hypervisor::Domain> find_domain(hypervisor::Hypervisor& hypervisor, VmId vm);

}  // namespace reviver::recovery
