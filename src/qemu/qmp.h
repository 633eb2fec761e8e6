// What capture and recovery ask a running QEMU, as types. The commands and their fields: QEMU's QMP
// reference, "Block devices" and "Background jobs", of QEMU 7.2; fields that are newer are not
// used, ones that are unknown are ignored.
//
// Errors: those of the Qmp function (a refusal by QEMU is Code::failed with its text),
// Code::protocol for an answer that lacks what the reference promises. No state is kept: any
// thread, any number of calls.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::qemu {

// Carries one command to one QEMU. `arguments`: the text of a JSON object, "" for none; answers the
// JSON text of "return".
using Qmp = std::function<std::string(const std::string& command, const std::string& arguments)>;

struct Bitmap {
    std::string name;  // empty for those that jobs keep for themselves
    std::uint64_t granularity_bytes = 0;
    std::uint64_t dirty_bytes = 0;
    bool recording = false;
    bool busy = false;          // an operation uses it
    bool persistent = false;    // will be saved in the image at a clean close
    bool inconsistent = false;  // was not saved by the last QEMU: can only be removed
};

// A node of the block graph: of a format ("qcow2", "raw") or of a protocol ("file", "host_device").
struct BlockNode {
    std::string name;
    std::string driver;
    std::string file;          // the path, of the image itself
    std::string backing_file;  // as QEMU opened it; empty for none
    std::uint64_t size_bytes = 0;
    bool read_only = false;
    std::vector<Bitmap> bitmaps;
};
std::vector<BlockNode> block_nodes(const Qmp& qmp);

// A disk as the guest sees it, and the node it reads and writes at the moment.
struct GuestDisk {
    std::string qdev;  // QOM path of the device, "/machine/peripheral/virtio-disk0/virtio-backend"
    std::string node;  // empty for an empty drive
    std::string file;
};
std::vector<GuestDisk> guest_disks(const Qmp& qmp);
// Is it the disk of the device that libvirt calls `alias` ("virtio-disk0")? None is for "".
bool is_device(const GuestDisk& disk, std::string_view alias);

}  // namespace reviver::qemu
