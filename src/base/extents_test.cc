#include "base/extents.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace reviver {
namespace {

TEST(RangeSet, JoinsNeighbours) {
    RangeSet set{{0, 10}, {20, 10}, {10, 10}};
    EXPECT_EQ(set.ranges(), (std::vector<Range>{{0, 30}}));
}

TEST(RangeSet, SubtractSplits) {
    RangeSet set{{0, 100}};
    set.subtract({40, 10});
    EXPECT_EQ(set.ranges(), (std::vector<Range>{{0, 40}, {50, 50}}));
}

TEST(RangeSet, WidensToUnitsButNotBeyondTheEnd) {
    EXPECT_EQ((RangeSet{{5, 1}, {97, 1}}.widened_to(10, 99).ranges()),
              (std::vector<Range>{{0, 10}, {90, 9}}));
}

TEST(RangeSet, AgreesWithABitmap) {
    constexpr std::uint64_t size = 200;
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        RangeSet set;
        std::vector<bool> bits(size);
        for (int step = 0; step < 30; ++step) {
            const Range range{random() % size, random() % 20};
            const bool adding = random() % 2 == 0;
            adding ? set.add(range) : set.subtract(range);
            for (auto i = range.offset; i < std::min(range.end(), size); ++i) bits[i] = adding;
            set.subtract({size, 100});
        }
        for (std::uint64_t i = 0; i < size; ++i) ASSERT_EQ(set.contains({i, 1}), bits[i]);
        ASSERT_EQ(set.total_bytes(),
                  static_cast<std::uint64_t>(std::count(bits.begin(), bits.end(), true)));
    }
}

}  // namespace
}  // namespace reviver
