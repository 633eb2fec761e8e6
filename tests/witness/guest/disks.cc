#include "witness/guest/disks.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace reviver::witness {
namespace {

// O_DIRECT wants memory that is aligned like the disk; one block is enough, as only one request is
// in flight.
alignas(kBlockBytes) std::byte block[kBlockBytes];

template <class T>
void read_block(int file, std::uint64_t offset, T& into) {
    if (pread(file, block, kBlockBytes, static_cast<off_t>(offset)) != ssize_t{kBlockBytes}) {
        die("cannot read a disk: %s", strerror(errno));
    }
    std::memcpy(&into, block, sizeof(into));
}

// With O_DSYNC the write is acknowledged when the disk says that it is durable.
template <class T>
void write_block(int file, std::uint64_t offset, const T& from) {
    std::memcpy(block, &from, sizeof(from));
    if (pwrite(file, block, kBlockBytes, static_cast<off_t>(offset)) != ssize_t{kBlockBytes}) {
        die("cannot write a disk: %s", strerror(errno));
    }
}

bool blank(const DiskHeader& header) {
    static const DiskHeader kZero{};
    return std::memcmp(&header, &kZero, sizeof(header)) == 0;
}

bool is_shared(const Settings& settings, std::uint32_t disk) {
    return settings.shared != 0 && disk + 1 == settings.disks;
}

DiskHeader new_header(const Settings& settings, std::uint32_t disk, std::uint64_t size_bytes) {
    DiskHeader header{};
    std::memcpy(header.magic, kDiskMagic, sizeof(header.magic));
    header.version = kVersion;
    std::memcpy(header.group, settings.group.data(), settings.group.size());
    header.place = {settings.guests, settings.vm, settings.disks, disk};
    header.slots = settings.slots;
    header.slot_spacing_bytes = slot_spacing_bytes(disk, settings.slots, size_bytes);
    header.size_bytes = size_bytes;
    header.parts = is_shared(settings, disk) ? settings.guests : 0;
    seal(header);
    return header;
}

int open_device(const char* path) {
    for (int attempt = 0; attempt < 500; ++attempt) {
        const int file = open(path, O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC);
        if (file >= 0) return file;
        usleep(20000);
    }
    die("no disk %s", path);
}

}  // namespace

Disks::Disks(const Settings& settings) : layout_{settings.guests, settings.disks, settings.slots} {
    for (std::uint32_t disk = 0; disk < settings.disks; ++disk) open_disk(settings, disk);
    for (std::uint32_t disk = 0; disk < settings.disks; ++disk) scan(disks_[disk]);
}

void Disks::open_disk(const Settings& settings, std::uint32_t disk) {
    char path[] = "/dev/vda";
    path[7] = static_cast<char>('a' + disk);
    Disk& opened = disks_[disk];
    opened.file = open_device(path);
    std::uint64_t size_bytes = 0;
    if (ioctl(opened.file, BLKGETSIZE64, &size_bytes) != 0) die("no size of %s", path);
    if (is_shared(settings, disk)) {
        size_bytes = part_bytes(size_bytes, settings.guests);
        opened.begin = settings.vm * size_bytes;
    }
    const DiskHeader wanted = new_header(settings, disk, size_bytes);
    if (size_bytes < kDiskBytesMin || !plausible(wanted))
        die("%s is too small for its slots", path);
    read_block(opened.file, opened.begin, opened.header);
    if (blank(opened.header)) {
        write_block(opened.file, opened.begin, wanted);
        opened.header = wanted;
    }
    // A disk may have grown since its header was written; all else stays as it was.
    DiskHeader same = wanted;
    same.size_bytes = opened.header.size_bytes;
    same.slot_spacing_bytes = opened.header.slot_spacing_bytes;
    seal(same);
    if (std::memcmp(&same, &opened.header, sizeof(same)) != 0 || same.size_bytes > size_bytes) {
        die("%s belongs to another witness", path);
    }
}

void Disks::scan(const Disk& disk) {
    Record record{};
    for (std::uint32_t slot = 0; slot < disk.header.slots; ++slot) {
        read_block(disk.file, disk.begin + slot_offset(disk.header, slot), record);
        if (std::memcmp(record.magic, kRecordMagic, sizeof(record.magic)) != 0) continue;
        if (sealed(record) && record.number > newest_.number) newest_ = record;
    }
}

void Disks::write(const Record& record) {
    const Disk& disk = disks_[layout_.disk_of(record.number)];
    const std::uint64_t offset = slot_offset(disk.header, layout_.slot_of(record.number));
    write_block(disk.file, disk.begin + offset, record);
    newest_ = record;
}

void Disks::mark(bool quiesced) {
    ++marks_;
    for (std::uint32_t disk = 0; disk < layout_.disks; ++disk) write_mark(disks_[disk], quiesced);
}

void Disks::write_mark(const Disk& disk, bool quiesced) {
    QuiesceMark mark{};
    std::memcpy(mark.magic, kMarkMagic, sizeof(mark.magic));
    mark.version = kVersion;
    std::memcpy(mark.group, disk.header.group, sizeof(mark.group));
    mark.place = disk.header.place;
    mark.last_record = newest_.number;
    mark.count = marks_;
    mark.quiesced = quiesced ? 1 : 0;
    seal(mark);
    write_block(disk.file, disk.begin + kMarkOffset, mark);
}

}  // namespace reviver::witness
