// A disk image by way of an NBD export of QEMU, as the rest of the system reads images.
#pragma once

#include "point/image.h"
#include "qemu/nbd_reader.h"

#include <memory>

namespace reviver::qemu {

class NbdImage : public point::Image {
  public:
    explicit NbdImage(const NbdAddress& address) : reader_(address, {allocation_context}) {}

    std::uint64_t size_bytes() const override { return reader_.size_bytes(); }
    void read(std::uint64_t offset, ByteSpan to) override;
    std::vector<Extent> extents(Range range) override { return reader_.extents(range); }

  private:
    NbdReader reader_;
};

}  // namespace reviver::qemu
