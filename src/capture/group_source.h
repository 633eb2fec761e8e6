// The disks of a cut, one after the other, as one source.
#pragma once

#include "capture/disk_source.h"
#include "point/point.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace reviver::capture {

struct GroupPart {
    std::uint32_t disk = 0;
    std::uint64_t marked_bytes = 0;
    std::function<DiskInput()>
        open;  // connects to the disk; called when its turn comes, again after start_at()
};

struct GroupChecks {
    // Throws unless all that was read belongs to the cut; asked before the end is given.
    std::function<void()> confirm;
    // After a failed read: throws the reason if there is a better one than what the reader saw.
    std::function<void()> explain;
};

class GroupSource : public point::Source {
  public:
    GroupSource(std::vector<GroupPart> parts, GroupChecks checks);

    void start_at(std::uint64_t chunk_index) override;
    std::optional<point::Chunk> next() override;
    std::uint64_t bytes_left() const override;

  private:
    void open_part(std::size_t part);
    std::optional<point::Chunk> next_of_parts();

    std::vector<GroupPart> parts_;
    GroupChecks checks_;
    std::size_t part_ = 0;
    std::unique_ptr<DiskSource> source_;  // of part_, once its turn has come
};

}  // namespace reviver::capture
