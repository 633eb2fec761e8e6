// What is below all layers of a disk: base.raw, a plain raw file as long as the disk, and
// base.sums, a checksum for each 64 KiB of it. It is written in place, in two cases only: while the
// disk has no point yet, and by a fold, where every retained layer shadows what is written. What a
// crash between the two files means is settled by whoever writes: see Receive and Fold.
//
// The checksum of a block is 0 when the block is all zeros, else its XXH3 (1 if that is 0). So a
// sparse base has sparse checksums.
//
// Belongs to one task.
#pragma once

#include "model/names.h"
#include "point/image.h"
#include "sys/files.h"

#include <map>
#include <memory>
#include <optional>

namespace reviver::store {

constexpr std::uint64_t base_block_bytes = 64 << 10;

class BaseFile : public point::Image {
  public:
    struct Owner {
        CollectionId collection;
        DiskKey disk;
        bool operator==(const Owner&) const = default;
    };

    enum class Life : std::uint8_t {
        unborn,  // the disk has no point: what is not there is made, and what a crash left of it
        born,    // both files must be there and be this disk's, else Error not_found or corrupt
    };
    BaseFile(sys::Files& files, const sys::Path& directory, const Owner& owner, Life life);

    std::uint64_t size_bytes() const override { return size_bytes_; }
    void read(std::uint64_t offset, ByteSpan to) override { base_->read_exactly(offset, to); }
    std::vector<Extent> extents(Range range) override { return base_->extents(range); }

    void resize(std::uint64_t size_bytes);
    void write(std::uint64_t offset, ByteView data);
    void zero(Range range);
    // Makes durable what was written, and then its checksums.
    void flush();
    // Computes all checksums from what the file holds: when nothing says which of them a crash left
    // behind.
    void recompute();

    // Whether a block is what its checksum says; not to be asked of blocks written since the last
    // flush().
    bool intact(std::uint64_t block);
    std::uint64_t blocks() const;
    Range block_range(std::uint64_t block) const;

  private:
    bool has_header(const Owner& owner);
    std::uint64_t stored_sum(std::uint64_t block);
    std::uint64_t sum_of_block(std::uint64_t block);
    void mark_edge(std::uint64_t offset);

    std::unique_ptr<sys::File> base_;
    std::unique_ptr<sys::File> sums_;
    std::uint64_t size_bytes_ = 0;
    // Of the blocks written since the last flush: the new checksum, or nothing when the block has
    // to be read for it.
    std::map<std::uint64_t, std::optional<std::uint64_t>> written_;
};

}  // namespace reviver::store
