// Layers one on the other, and the base below them: a disk as it was at a point.
//
// Sizes: a disk may have grown or shrunk between two points. What a layer does not hold comes from
// below as far as the layer below reaches, and is zeros behind that; just as QEMU reads a chain.
#pragma once

#include "point/image.h"
#include "store/layer.h"

#include <memory>
#include <vector>

namespace reviver::store {

// Belongs to one task.
class Stack {
  public:
    // From the lowest to the highest.
    explicit Stack(std::vector<std::shared_ptr<Layer>> layers) : layers_(std::move(layers)) {}

    std::uint64_t size_bytes() const { return layers_.back()->size_bytes(); }
    // The content of `range`; `below` is what none of the layers holds. Keep ranges to some MiB: an
    // answer has up to 512 segments a MiB.
    std::vector<Segment> segments(Range range) const;
    void read(const Segment& segment, ByteSpan to) const;
    // Error corrupt when a cluster that a segment of data lies in fails its checksum.
    void verify(const Segment& segment) const;

  private:
    void visit(std::size_t level, Range range, std::vector<Segment>& list) const;

    std::vector<std::shared_ptr<Layer>> layers_;
};

// A disk at a point, to be read: a Stack on a base. Takes `base` for itself.
class ChainImage : public point::Image {
  public:
    ChainImage(Stack stack, std::unique_ptr<point::Image> base)
        : stack_(std::move(stack)), base_(std::move(base)) {}

    std::uint64_t size_bytes() const override { return stack_.size_bytes(); }
    void read(std::uint64_t offset, ByteSpan to) override;
    std::vector<Extent> extents(Range range) override;

  private:
    void read_base(std::uint64_t offset, ByteSpan to);
    void append_base(Range range, std::vector<Extent>& list);

    Stack stack_;
    std::unique_ptr<point::Image> base_;
};

// A raw file as an image.
class RawImage : public point::Image {
  public:
    explicit RawImage(std::unique_ptr<sys::File> file)
        : file_(std::move(file)), size_bytes_(file_->size_bytes()) {}

    std::uint64_t size_bytes() const override { return size_bytes_; }
    void read(std::uint64_t offset, ByteSpan to) override { file_->read_exactly(offset, to); }
    std::vector<Extent> extents(Range range) override { return file_->extents(range); }

  private:
    std::unique_ptr<sys::File> file_;
    const std::uint64_t size_bytes_;
};

// Adds an extent to a list of adjacent ones.
void append(std::vector<Extent>& list, Extent next);

}  // namespace reviver::store
