// Bytes with holes, in memory: what a file or a disk holds.
#pragma once

#include "base/bytes.h"
#include "base/extents.h"
#include "sim/limits.h"

#include <array>
#include <map>
#include <vector>

namespace reviver::sim {

class SparseBytes {
  public:
    std::uint64_t size() const { return size_; }
    std::uint64_t allocated() const { return pages_.size() * page_bytes; }
    std::size_t read(std::uint64_t offset, ByteSpan to) const;  // bytes before the end
    void write(std::uint64_t offset, ByteView from);
    void resize(std::uint64_t size);
    void clear(Range range);  // reads as zeros from now on; does not change the size
    std::vector<Extent> extents(Range range) const;
    // How many pages a write there would allocate.
    std::uint64_t missing_pages(Range range) const;

  private:
    using Page = std::array<std::byte, page_bytes>;
    std::map<std::uint64_t, Page> pages_;  // by number
    std::uint64_t size_ = 0;
};

}  // namespace reviver::sim
