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

// What any of the bitmaps has marked. Where `zeros` is given, large parts that it knows to be zeros
// (discarded by the guest) are zeros; it must not change its mind while the feed is used.
class MarkedFeed : public Feed {
  public:
    explicit MarkedFeed(std::vector<BitmapReader> bitmaps, qemu::NbdReader* zeros = nullptr);
    std::vector<Extent> extents(Range window) override;

  private:
    std::vector<BitmapReader> bitmaps_;
    qemu::NbdReader* zeros_;
};

}  // namespace reviver::capture
