// The hypervisor of a simulated host: VMs that users start, guests that write, images on images. It
// does not die with the site's process; a loss of power turns its VMs off, and the bitmaps of what
// ran are then not to be trusted.
//
// It reads the store's files as QEMU does, by the names that the files give each other and past the
// site's process, and compares with what the guests wrote: whoever changes a file below a VM is
// found out.
#pragma once

#include "sim/disk.h"
#include "sim/files.h"
#include "sim/host_image.h"
#include "sim/prng.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace reviver::sim {

struct HostVm {
    std::string name;
    std::map<std::string, std::string> disks;  // target -> path of an image
    std::string lock;                          // why it cannot be started; "" when it can
    bool running = false;
    std::uint64_t turns = 0;  // how often it was started or stopped
    bool frozen = false;      // its file systems: it writes nothing
    // For how many more looks at the guests a hook hangs: at its end the guest is frozen.
    std::uint64_t hook_hangs = 0;
};

// What a locked or failed over VM was before.
struct VmRecord {
    std::map<std::string, std::string> disks;
    bool made_here = false;
};

class Hypervisor {
  public:
    Hypervisor(Disk& files, sys::Clock& clock, Prng prng);

    std::map<VmId, HostVm>& vms() { return vms_; }
    std::map<VmId, VmRecord>& records() { return records_; }
    // The record of a site, which outlives its process.
    std::set<VmId>& asked_to_freeze() { return asked_to_freeze_; }
    HostVm& vm(VmId id);  // Code::not_found
    void start(VmId id);  // Code::invalid_state when it is locked
    void stop(VmId id);
    void die(VmId id);  // it runs; its bitmaps are not to be trusted afterwards
    void lose_power();
    // A guest that runs writes data or zeros somewhere.
    void write_something();

    std::shared_ptr<HostImage> image(const std::string& path);  // null when there is none
    void make_image(const std::string& path, std::uint64_t size_bytes);
    // With a bitmap from the first write on.
    void make_overlay(const std::string& path, const std::string& backing, Sequence since);
    void grow(const std::string& path, std::uint64_t by_bytes);
    // Of the images below a directory, which are named <target>-<epoch>-<sequence>.qcow2.
    Epoch epoch_used(const std::string& directory);
    void remove_image(const std::string& path) { images_.erase(path); }
    void remove_images_below(const std::string& directory);
    bool has_images_below(const std::string& directory) const;
    // Lets an image build on `base` alone: what lies between becomes its own.
    void flatten(const std::string& path, const std::string& base);

    // What QEMU would read there now.
    SparseBytes content(const std::string& path);
    // Throws Failure unless the VM reads from its images what was written to them.
    void check(VmId id);

  private:
    // QEMU's calls take no time and are not the site's.
    struct OpenGate : Gate {
        bool enter(Step, std::uint64_t, std::uint64_t) override { return true; }
        bool enter_quietly(Step, std::uint64_t, std::uint64_t) override { return true; }
    };

    void end_hooks();
    SparseBytes layer_content(const std::string& path);

    OpenGate gate_;
    SimFiles files_;
    Prng prng_;
    std::map<VmId, HostVm> vms_;
    std::map<VmId, VmRecord> records_;
    std::set<VmId> asked_to_freeze_;
    std::map<std::string, std::shared_ptr<HostImage>> images_;
};

}  // namespace reviver::sim
