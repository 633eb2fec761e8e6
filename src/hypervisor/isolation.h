// How the definition of a VM is changed so that a copy of the VM can run beside the VM itself, and
// can reach and harm nothing but its own. A pure function of definitions.
//
//   * Every network adapter keeps its MAC address, by which guests know their cards, and its place;
//     it is attached to the isolated network alone. Without a network driver that is one that QEMU
//     makes: frames travel in UDP multicast to an address and port of the group's own.
//   * What writes to a file beside the disks (a console, UEFI variables) writes to one in a
//     directory of the copy's own; other ends of serial lines and channels lead nowhere.
//   * Ports of displays and ids of sockets are chosen anew, for the others are the VM's.
//   * Devices, directories and memory of the host that the VM was given are left out, and so are
//     arguments for QEMU, which can hold any of these.
#pragma once

#include "model/names.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace reviver::hypervisor {

struct Isolation {
    std::string network;            // of libvirt; "": multicast
    std::string multicast_address;  // when there is no network
    std::uint16_t multicast_port = 0;
    std::filesystem::path directory;  // for the files that it writes besides its disks
};

// `name` and `id` become those of the copy. Errors: Code::invalid_parameter for what is no
// definition.
std::string isolated_copy(std::string_view definition, VmId id, const std::string& name,
                          const Isolation& isolation);

}  // namespace reviver::hypervisor
