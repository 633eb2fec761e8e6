// What this folder allows at most.
#pragma once

#include <cstddef>

namespace reviver::hypervisor {

constexpr std::size_t xml_bytes_max = 4 << 20;    // of one definition
constexpr std::size_t xml_depth_max = 240;        // elements in elements; libxml2 allows 256
constexpr std::size_t xml_nodes_max = 100'000;    // elements and attributes of one definition
constexpr std::size_t events_waiting_max = 4096;  // lifecycle events not yet taken by the listeners

// Bytes of an embedded root's path: with "/lib/qemu/qmp-XXXXXX/qmp.monitor" behind it, a socket's
// path still fits its 107.
constexpr std::size_t root_length_max = 74;

}  // namespace reviver::hypervisor
