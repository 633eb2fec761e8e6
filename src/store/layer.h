// What a layer holds, whether it is still being written or a file: for each cluster of the disk,
// where it is in the layer and which of its subclusters are data, which zeros, and which are not
// here but below.
#pragma once

#include "base/bytes.h"
#include "base/extents.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace reviver::store {

struct Cluster {
    std::uint64_t host_offset = 0;  // where subcluster 0 lies; 0 when no data was ever here
    std::uint32_t data = 0;         // bit i: subcluster i is data
    std::uint32_t zero = 0;         // bit i: subcluster i is zeros; never both
    bool operator==(const Cluster&) const = default;
};

enum class Holds : std::uint8_t { below, data, zero };

// A piece of a disk as one layer, or a stack of them, has it. `layer` is the index in the stack,
// for data.
struct Segment {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    Holds holds = Holds::below;
    std::uint32_t layer = 0;
    std::uint64_t host_offset = 0;  // of data
    std::uint64_t end() const { return offset + length; }
    bool operator==(const Segment&) const = default;
};

// Belongs to one task at a time.
class Layer {
  public:
    virtual ~Layer() = default;
    virtual std::uint64_t size_bytes() const = 0;
    virtual Cluster cluster(std::uint64_t index) = 0;
    // The first cluster from `index` on that may be something else than all below; past the disk's
    // last when there is none.
    virtual std::uint64_t next_touched(std::uint64_t index) = 0;
    virtual void read(std::uint64_t host_offset, ByteSpan to) = 0;
    // Error corrupt when the data of a cluster fails its checksum.
    virtual void verify(std::uint64_t index) = 0;
};

// The content of `range`, which lies inside the layer: adjacent segments, ascending, covering it,
// each as long as can be.
std::vector<Segment> segments(Layer& layer, Range range);

// Adds to a list of adjacent segments, growing the last where the new one goes on with it.
void append(std::vector<Segment>& list, Segment next);

}  // namespace reviver::store
