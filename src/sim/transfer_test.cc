#include "sim/transfer.h"

#include "sim/scheduler.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

// The first seed at which the checks find the mutant; 0 when none of them does.
std::uint64_t found_at(Mutant mutant) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        try {
            run_transfer(seed, {.mutant = mutant});
        } catch (const Failure&) {
            return seed;
        }
    }
    return 0;
}

TEST(Transfer, KeepsItsPromisesOnManySeeds) {
    std::uint64_t points = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) points += run_transfer(seed).points;
    EXPECT_GT(points, 8u * 3);
}

TEST(Transfer, TheSameSeedIsTheSameRun) {
    EXPECT_EQ(run_transfer(3).trace_hash, run_transfer(3).trace_hash);
    EXPECT_NE(run_transfer(3).trace_hash, run_transfer(4).trace_hash);
}

TEST(Transfer, FindsAnAcknowledgementBeforeTheCommit) {
    EXPECT_NE(found_at(Mutant::acknowledge_early), 0u);
}
TEST(Transfer, FindsADiskThatForgetsToSync) {
    EXPECT_NE(found_at(Mutant::skip_sync), 0u);
}
TEST(Transfer, FindsDirtyBlocksLetGoTooEarly) {
    EXPECT_NE(found_at(Mutant::forget_dirty), 0u);
}
TEST(Transfer, FindsAGroupThatWasNotHeld) {
    EXPECT_NE(found_at(Mutant::forget_hold), 0u);
}

}  // namespace
}  // namespace reviver::sim
