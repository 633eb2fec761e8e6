// The disks of one guest as the witness uses them: a header each, and slots for records.
#pragma once

#include "witness/guest/boot.h"
#include "witness/layout.h"
#include "witness/record.h"

#include <array>

namespace reviver::witness {

class Disks {
  public:
    // Opens /dev/vda, /dev/vdb, ... and writes the header of each disk that is blank. Dies on a
    // disk of somebody else.
    explicit Disks(const Settings& settings);

    // The newest record on any of the disks; number 0 when there is none.
    const Record& newest() const { return newest_; }

    // Returns when the record is durable. The caller holds the token for its number.
    void write(const Record& record);

    // Says on every disk, durably, whether this guest is quiesced.
    void mark(bool quiesced);

    const DiskHeader& header(std::uint32_t disk) const { return disks_[disk].header; }
    const Layout& layout() const { return layout_; }

  private:
    struct Disk {
        int file = -1;
        std::uint64_t begin = 0;  // of the guest's part of it
        DiskHeader header{};
    };

    void open_disk(const Settings& settings, std::uint32_t disk);
    void scan(const Disk& disk);
    void write_mark(const Disk& disk, bool quiesced);

    Layout layout_;
    std::array<Disk, kDisksMax> disks_;
    Record newest_{};
    std::uint64_t marks_ = 0;
};

}  // namespace reviver::witness
