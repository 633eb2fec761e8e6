// A disk's content at one moment, to be read. Implemented by the store (a chain of layers), by NBD
// exports of QEMU, and by raw files.
#pragma once

#include "base/bytes.h"
#include "base/extents.h"
#include "sys/files.h"

#include <memory>
#include <string>
#include <vector>

namespace reviver::point {

// May be used by one task at a time.
class Image {
  public:
    virtual ~Image() = default;
    virtual std::uint64_t size_bytes() const = 0;
    virtual void read(std::uint64_t offset, ByteSpan to) = 0;  // within the size
    // What of `range` is zeros for certain; ascending, adjacent, covering all of it. What is not
    // known to be zeros is data.
    virtual std::vector<Extent> extents(Range range) = 0;
};

// Opens images in formats that are QEMU's business (a user's own qcow2, a block device), read-only.
class ImageOpener {
  public:
    virtual ~ImageOpener() = default;
    virtual std::unique_ptr<Image> open(const sys::Path& path, const std::string& format) = 0;
};

}  // namespace reviver::point
