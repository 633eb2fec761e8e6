// One qemu-storage-daemon, which serves one disk to several VMs. One for each disk: so the end of
// one takes no other with it.
//
// It is nobody's child: it outlives us as VMs do, and is found again by its pid file. Files in its
// directory:
//     pid     its process, written by itself
//     qmp     its monitor, where one client at a time is heard: us
//     nbd     its NBD server, on which each VM has an export of its own
//
// Errors: those of qemu/monitor.h and qemu/process.h. One thread at a time, except qmp().
#pragma once

#include "hypervisor/shared_socket.h"
#include "qemu/monitor.h"
#include "sharing/records.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reviver::sharing {

class StorageDaemon {
  public:
    StorageDaemon(sys::Path data, VmId disk);

    // When its process was started, in a unit that grows; 0 when there is none.
    std::int64_t run() const;
    // Returns when it takes commands; exports nothing yet.
    void start(const Image& image);
    // Has it save its bitmaps and go; never with force, for a VM may still be writing.
    void end();

    // The VMs that can reach the disk are these and no others.
    void export_to(const std::vector<VmId>& vms);

    std::string nbd_socket() const { return hypervisor::shared_disk_socket(data_, disk_).string(); }
    std::string qmp(const std::string& command, const std::string& arguments);

  private:
    std::int64_t process() const;  // its pid, 0 for none
    std::shared_ptr<qemu::Monitor> monitor();
    void drop_monitor();

    const sys::Path data_;
    const VmId disk_;
    const sys::Path directory_;
    std::mutex mutex_;
    std::shared_ptr<qemu::Monitor> monitor_;  // guarded by mutex_
};

}  // namespace reviver::sharing
