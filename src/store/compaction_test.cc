#include "store/compaction.h"

#include <gtest/gtest.h>

namespace reviver::store {
namespace {

// "x" is a dead layer, "P" one whose point is retained; numbered from 1.
ChainState chain(const std::string& layers, std::uint64_t frozen = 0, bool ours = true) {
    ChainState state;
    for (const char c : layers) state.layers.push_back({{state.layers.size() + 1}, c == 'P'});
    state.frozen = {frozen};
    state.base_is_ours = ours;
    return state;
}

using Kind = Compaction::Kind;

TEST(Compaction, NothingIsToDoWithoutDeadLayers) {
    EXPECT_FALSE(next_compaction(chain("P"), 0));
    EXPECT_FALSE(next_compaction(chain("PPP"), 0));
}

TEST(Compaction, TheLowestRunIsFolded) {
    EXPECT_EQ(next_compaction(chain("xxPxP"), 0), (Compaction{Kind::fold, {{1}, {2}}, {3}}));
}

TEST(Compaction, AnAdoptedBaseIsNeverWritten) {
    EXPECT_EQ(next_compaction(chain("xxP", 0, false), 0),
              (Compaction{Kind::merge, {{1}, {2}}, {3}}));
}

TEST(Compaction, RunsAboveAPointAreMerged) {
    EXPECT_EQ(next_compaction(chain("PxxP"), 0), (Compaction{Kind::merge, {{2}, {3}}, {4}}));
}

TEST(Compaction, DeadLayersWaitForCompany) {
    EXPECT_FALSE(next_compaction(chain("PxxP"), 2));
    EXPECT_EQ(next_compaction(chain("PxPxxxP"), 2),
              (Compaction{Kind::merge, {{4}, {5}, {6}}, {7}}));
    EXPECT_FALSE(next_compaction(chain("PxxxP")));
    EXPECT_TRUE(next_compaction(chain("PxxxxP")));
}

TEST(Compaction, WhatIsPinnedAndAllBelowItStays) {
    EXPECT_FALSE(next_compaction(chain("xPxP", 4), 0));
    EXPECT_EQ(next_compaction(chain("xPxP", 2), 0), (Compaction{Kind::merge, {{3}}, {4}}));
}

}  // namespace
}  // namespace reviver::store
