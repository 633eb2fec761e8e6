// The two answers to "what of this disk is to be sent": what a bitmap has marked, and everything.
#pragma once

#include "capture/chunk_plan.h"
#include "qemu/nbd_reader.h"

#include <memory>
#include <string>
#include <vector>

namespace reviver::capture {

// Everything; what the image knows to be zeros as zeros.
class WholeFeed : public Feed {
  public:
    explicit WholeFeed(qemu::NbdReader& reader) : reader_(reader) {}
    std::vector<Extent> extents(Range window) override { return reader_.extents(window); }

  private:
    qemu::NbdReader& reader_;
};

struct BitmapReader {
    std::unique_ptr<qemu::NbdReader> reader;  // with the bitmap's context
    std::string bitmap;
};

// What any of the bitmaps has marked. Large parts of it that are known to be zeros (discarded by
// the guest) are zeros.
class MarkedFeed : public Feed {
  public:
    // `data` answers about zeros; only asked inside of what is marked.
    MarkedFeed(std::vector<BitmapReader> bitmaps, qemu::NbdReader& data);
    std::vector<Extent> extents(Range window) override;

  private:
    RangeSet marked(Range window);
    void look_for_zeros(const Range& marked);

    std::vector<BitmapReader> bitmaps_;
    qemu::NbdReader& data_;
    // Looked for once: an area that becomes known to be zeros later must not change chunks that
    // were given already.
    RangeSet zeros_;
    std::uint64_t looked_to_ = 0;
};

}  // namespace reviver::capture
