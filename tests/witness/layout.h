// Where record n lies. Everything follows from n and the shape of the group, so the checker knows
// of each slot on each disk which record it must hold when N is the last one.
//
//    disk 0   | header, mark |  slot 0, 1, 2 ... packed      |        load          |
//    disk 1.. | header, mark |  slots scattered over a half  |        load          |
//             0              1 MiB                           size/2              size
//
// The guests may share their last disk: then each has a part of it, which is laid out like a disk.
#pragma once

#include "witness/record.h"

#include <cstdint>

namespace reviver::witness {

constexpr std::uint64_t kFirstSlotOffset = 1 << 20;
constexpr std::uint64_t kDiskBytesMin = 4 << 20;

struct Layout {
    std::uint32_t guests = 1;
    std::uint32_t disks = 1;
    std::uint32_t slots = 1;  // of each disk; a power of two

    std::uint32_t vm_of(std::uint64_t number) const {
        return static_cast<std::uint32_t>(number % guests);
    }
    std::uint32_t disk_of(std::uint64_t number) const {
        return static_cast<std::uint32_t>(number / guests % disks);
    }
    std::uint32_t slot_of(std::uint64_t number) const {
        return static_cast<std::uint32_t>(number / guests / disks % slots);
    }
    // How many records the group keeps before the oldest is overwritten.
    std::uint64_t window() const { return std::uint64_t{guests} * disks * slots; }

    // The record that the slot holds when `last` is the last one of the group; 0 for none yet.
    std::uint64_t expected(std::uint32_t vm, std::uint32_t disk, std::uint32_t slot,
                           std::uint64_t last) const {
        const std::uint64_t first = (std::uint64_t{slot} * disks + disk) * guests + vm;
        return first > last ? 0 : last - (last - first) % window();
    }
};

// Where the guest's part of a disk that the guests share begins, and how long it is.
constexpr std::uint64_t part_bytes(std::uint64_t disk_bytes, std::uint32_t guests) {
    return disk_bytes / guests / kBlockBytes * kBlockBytes;
}

// Slots of disk 0 are packed, those of the others spread over the first half of the disk.
constexpr std::uint32_t slot_spacing_bytes(std::uint32_t disk, std::uint32_t slots,
                                           std::uint64_t disk_bytes) {
    if (disk == 0) return kBlockBytes;
    const std::uint64_t spacing = (disk_bytes / 2 - kFirstSlotOffset) / slots;
    return static_cast<std::uint32_t>(spacing / kBlockBytes * kBlockBytes);
}

// An odd factor permutes the slots of a disk whose number of slots is a power of two: neighbours in
// time are far apart.
constexpr std::uint64_t slot_offset(const DiskHeader& header, std::uint32_t slot) {
    constexpr std::uint32_t kScatter = 0x9e3779b1u;
    const std::uint32_t position =
        header.place.disk == 0 ? slot : (slot * kScatter) & (header.slots - 1);
    return kFirstSlotOffset + std::uint64_t{position} * header.slot_spacing_bytes;
}

// False for a geometry that does not fit its disk or the limits.
constexpr bool plausible(const DiskHeader& header) {
    const Place& place = header.place;
    if (place.guests == 0 || place.guests > kGuestsMax || place.vm >= place.guests) return false;
    if (place.disks == 0 || place.disks > kDisksMax || place.disk >= place.disks) return false;
    if (header.slots == 0 || header.slots > kSlotsMax) return false;
    if ((header.slots & (header.slots - 1)) != 0) return false;
    if (header.slot_spacing_bytes < kBlockBytes) return false;
    const std::uint64_t end =
        kFirstSlotOffset + std::uint64_t{header.slots} * header.slot_spacing_bytes;
    return header.size_bytes >= kDiskBytesMin && end <= header.size_bytes;
}

}  // namespace reviver::witness
