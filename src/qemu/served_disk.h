// A disk that a qemu-storage-daemon serves to several VMs, as its block graph looks.
//
//     VM a ──── NBD export ────┐
//                              ├─▶ "served" (raw) ─▶ "disk" (qcow2 or raw) ─▶ the image
//     VM b ──── NBD export ────┘         │
//                                        └─ a copy-before-write filter comes between while a cut
//                                           is read
//
// An export cannot be given another node while VMs use it (QEMU 7.2), but a node another child can
// (blockdev-reopen): that is what "served" is for. Bitmaps belong to "disk", and see every VM's
// writes.
#pragma once

#include "qemu/qmp.h"

#include <string>

namespace reviver::qemu {

inline constexpr const char* served_node = "served";
inline constexpr const char* served_disk_node = "disk";

// The VMs read and write through `child` from now on; requests under way end first.
void serve_through(const Qmp& qmp, const std::string& child);

}  // namespace reviver::qemu
