// A Source that reads given ranges of an image: what an old primary wrote and the new one has to
// overwrite, or a model disk of the simulator. Blocks that are zeros travel as zeros.
#pragma once

#include "point/image.h"
#include "point/point.h"

#include <memory>
#include <vector>

namespace reviver::replication {

class RangesSource : public point::Source {
  public:
    RangesSource(std::unique_ptr<point::Image> image, std::uint32_t disk, const RangeSet& ranges);

    void start_at(std::uint64_t chunk_index) override;
    std::optional<point::Chunk> next() override;
    std::uint64_t bytes_left() const override;

  private:
    std::unique_ptr<point::Image> image_;
    std::uint32_t disk_;
    std::vector<Range> pieces_;  // each at most a chunk's payload
    std::size_t next_ = 0;
    std::uint64_t left_bytes_ = 0;
    Bytes payload_;
};

}  // namespace reviver::replication
