// Sources that read the model: the whole of a disk as it changes, and the dirty parts of a cut.
#pragma once

#include "point/point.h"
#include "sim/model_group.h"

namespace reviver::sim {

// The chunks of one disk from `first_byte` to its end, zeros as zeros, as the disk is when each
// chunk is asked for.
class BulkSource : public point::Source {
  public:
    BulkSource(const SparseBytes& disk, std::uint32_t index, std::uint64_t first_byte);
    void start_at(std::uint64_t chunk_index) override;
    std::optional<point::Chunk> next() override;
    std::uint64_t bytes_left() const override { return disk_.size() - at_; }

  private:
    const SparseBytes& disk_;
    std::uint32_t index_;
    std::uint64_t first_byte_;
    std::uint64_t at_;
    Bytes payload_;
};

class CutSource : public point::Source {
  public:
    explicit CutSource(const GroupCut& cut);
    void start_at(std::uint64_t chunk_index) override { next_ = chunk_index; }
    std::optional<point::Chunk> next() override;
    std::uint64_t bytes_left() const override;

  private:
    struct Plan {
        std::uint32_t disk;
        std::vector<Extent> extents;
    };
    const GroupCut& cut_;
    std::vector<Plan> plans_;
    std::size_t next_ = 0;
    Bytes payload_;
};

}  // namespace reviver::sim
