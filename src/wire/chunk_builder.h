// Gathers pieces of a disk, given in ascending order, into chunks as large as they may be.
#pragma once

#include "point/point.h"

#include <cstdint>

namespace reviver::wire {

class ChunkBuilder {
  public:
    ChunkBuilder(std::uint32_t disk, point::Sink& sink);

    // At most chunk_payload_max bytes, behind everything before. A piece of nothing but zeros goes
    // as zeros.
    void add(std::uint64_t offset, ByteView bytes);
    // Writes what is gathered and not written yet.
    void finish();
    std::uint64_t data_bytes() const { return data_bytes_; }

  private:
    void add_extent(const Extent& extent);

    point::Sink& sink_;
    point::Chunk chunk_;
    Bytes payload_;
    std::uint64_t data_bytes_ = 0;
};

}  // namespace reviver::wire
