// What is remembered of disks whose VM is off, through restarts of the daemon: as which image,
// unchanged since when. A bitmap cannot tell, because nothing writes bitmaps into an image that
// nobody has open.
//
// One small JSON file, replaced as a whole. Losing it costs a compare, nothing else. One thread at
// a time.
#pragma once

#include "model/names.h"
#include "sys/files.h"

#include <map>
#include <optional>
#include <string>

namespace reviver::capture {

// Equal text: the same image, not written since. From what the file system says of a file (device,
// inode, size, times).
using ImageState = std::string;

struct RememberedDisk {
    // Point `acknowledged` holds this image as it is in `state`. Its bitmap `base` ("" for none)
    // began before that point and has everything since.
    std::optional<Sequence> acknowledged;
    ImageState state;
    std::string base;
    // Bulk `bulk` on top of point `bulk_on` began when the image was in `bulk_state`.
    std::optional<Sequence> bulk_on;
    std::string bulk;
    ImageState bulk_state;
    bool operator==(const RememberedDisk&) const = default;
};

class DiskMemory {
  public:
    // Reads the file if it is there; one that cannot be understood counts as none.
    DiskMemory(sys::Files& files, sys::Path file);

    const RememberedDisk* find(const DiskKey& disk) const;
    void put(const DiskKey& disk, RememberedDisk remembered);
    void forget(const DiskKey& disk);
    // Durable when it returns. Writes only if something changed.
    void save();

  private:
    void load();

    sys::Files& files_;
    sys::Path file_;
    std::map<std::string, RememberedDisk> disks_;
    bool changed_ = false;
};

// Nothing for what has no times that tell a write, a block device.
std::optional<ImageState> state_of_image(const sys::Path& path);

// Which device a path leads to: volumes that were renamed lead their old names to others.
std::uint64_t device_at(const sys::Path& path);

}  // namespace reviver::capture
