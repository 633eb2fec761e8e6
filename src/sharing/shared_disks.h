// The disks of a site that several VMs share, each served by a storage daemon of its own.
//
// A dirty bitmap of a VM's QEMU does not see what other VMs write, so what several write must go
// through one block layer: that of the disk's qemu-storage-daemon, whose bitmaps see all of it.
//
// Who keeps them running: a thread of this. A daemon that went away is started anew, and VMs that
// were paused because it did not answer go on, their requests repeated by their QEMU. A locked disk
// (its VMs are, too) is not started, and ended only by end_locked(), when nobody uses it.
//
// The record on disk comes before every act, so each can be repeated. Errors: Code::not_found if no
// such disk, Code::exists, Code::in_use, Code::invalid_parameter, Code::invalid_state for one that
// is locked; those of the storage daemon with its text. Any thread may call.
#pragma once

#include "hypervisor/event_queue.h"
#include "hypervisor/hypervisor.h"
#include "sharing/records.h"
#include "sys/random.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reviver::sharing {

struct NewDisk {
    std::string name;
    Image image;
    std::uint64_t create_bytes = 0;  // make the image, so large; 0: it is there
};

struct ShownDisk {
    SharedDisk disk;
    std::vector<VmId> users;
    bool served = false;
    std::string trouble;  // why it is not served, empty otherwise
};

class SharedDisks {
  public:
    // `machines`: the VMs themselves, without these disks. `data`: the site's data directory.
    SharedDisks(hypervisor::Hypervisor& machines, sys::Files& files, sys::Random& random,
                sys::Path data);
    ~SharedDisks();
    SharedDisks(const SharedDisks&) = delete;
    SharedDisks& operator=(const SharedDisks&) = delete;

    // --- for people
    VmId add(const NewDisk& disk);
    // The image stays. Error in_use while a VM's definition names the disk.
    void remove(const std::string& name);
    std::vector<ShownDisk> list();
    // An empty target: one that is free in the VM.
    std::string element_for(const std::string& name, VmId vm, const std::string& target);

    // --- for the hypervisor that shows them (with_shared_disks.h)
    std::optional<hypervisor::Domain> describe(VmId id);
    bool knows(VmId id);
    std::string qmp(VmId id, const std::string& command, const std::string& arguments);
    // Returns when all shared disks of the VM are served to it.
    void make_ready(const hypervisor::Domain& vm);
    void definitions_changed();
    hypervisor::EventQueue& events();

    // --- for whoever moves the group
    // A disk is locked and unlocked with the VMs that have it. Idempotent.
    void lock(const std::vector<VmId>& vms, const std::string& why);
    void unlock(const std::vector<VmId>& vms);
    // Ends the daemons of locked disks which no VM that runs has: their images are free then.
    void end_locked();
    // Gives a disk of a recovery point an image to serve. What it was here before, if it was, comes
    // back with take_back(), which ends its daemon: its VMs are off. `make_image` is called unless
    // the image is in use already.
    void set_up(VmId id, const std::string& name, const Image& image,
                const std::function<void()>& make_image);
    void take_back(VmId id, const Image& image);
    // Those whose image lies below a directory are served no more, and no disks of this site; the
    // images stay. VMs that have them are off.
    void forget_below(const sys::Path& directory);

    sys::Path data() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace reviver::sharing
