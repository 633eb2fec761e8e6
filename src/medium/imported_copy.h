// An exported initial copy, to be read where it was carried to.
//
// A directory of a VM, or the one above it with the manifest, names the same copy: the group is
// taken in as a whole. Errors: Code::invalid_parameter for a relative path, no_file when there is
// no manifest or a file is missing, invalid_state for an export that is not complete, corrupt for
// what does not agree with its checksum, not_supported for a newer format.
#pragma once

#include "medium/manifest.h"
#include "point/point.h"
#include "sys/files.h"

#include <functional>
#include <memory>

namespace reviver::medium {

class ImportedCopy {
  public:
    // Reads the manifest, and looks for every file it names: there, and as long as it says.
    ImportedCopy(sys::Files& files, const sys::Path& directory);

    const Manifest& manifest() const { return manifest_; }
    const sys::Path& directory() const { return directory_; }
    std::uint64_t size_bytes() const;  // of all disks

    // All of a disk, in order. Its end is only reached when what was read has the checksum of the
    // manifest; before, nothing of it may be believed.
    std::unique_ptr<point::Source> source(std::uint32_t disk) const;

  private:
    sys::Path path_of(const Manifest::Disk& disk) const;
    std::unique_ptr<sys::File> open(const Manifest::Disk& disk) const;

    sys::Files& files_;
    sys::Path directory_;
    Manifest manifest_;
};

}  // namespace reviver::medium
