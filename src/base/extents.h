// Byte ranges of a disk, and sets of them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace reviver {

struct Range {
    std::uint64_t offset = 0;  // bytes
    std::uint64_t length = 0;  // bytes
    std::uint64_t end() const { return offset + length; }
    bool operator==(const Range&) const = default;
};

enum class Content : std::uint8_t { data = 0, zero = 1 };

// A range whose content is known to be zeros, or may be anything.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    Content content = Content::data;
    std::uint64_t end() const { return offset + length; }
    bool operator==(const Extent&) const = default;
};

// A set of bytes, kept as the fewest disjoint ranges in ascending order.
class RangeSet {
  public:
    RangeSet() = default;
    RangeSet(std::initializer_list<Range> ranges) {
        for (const Range& r : ranges) add(r);
    }

    void add(Range range);
    void add(const RangeSet& other);
    void subtract(Range range);
    RangeSet intersection(Range range) const;
    bool contains(Range range) const;  // true for an empty range
    bool intersects(Range range) const;
    // The smallest set of whole units of `unit` bytes that covers this one, not beyond `end`.
    RangeSet widened_to(std::uint64_t unit, std::uint64_t end) const;

    bool empty() const { return ranges_.empty(); }
    std::uint64_t total_bytes() const;
    std::size_t count() const { return ranges_.size(); }
    std::vector<Range> ranges() const;
    bool operator==(const RangeSet&) const = default;

  private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  // offset -> end
};

}  // namespace reviver
