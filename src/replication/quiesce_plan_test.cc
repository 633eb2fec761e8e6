#include "replication/quiesce_plan.h"

#include <gtest/gtest.h>

namespace reviver::replication {
namespace {

using namespace std::chrono_literals;

constexpr sys::WallTime noon{std::chrono::hours(24 * 20000 + 12)};

Settings every(std::uint16_t hours) {
    Settings settings;
    settings.application_interval_h = hours;
    return settings;
}

TEST(QuiescePlan, IsDueAnIntervalAfterTheLastOne) {
    EXPECT_FALSE(quiesce_is_due(every(0), {}, noon));
    EXPECT_TRUE(quiesce_is_due(every(4), {}, noon));
    EXPECT_FALSE(quiesce_is_due(every(4), noon - 4h + 1s, noon));
    EXPECT_TRUE(quiesce_is_due(every(4), noon - 4h, noon));
}

// Runs a clock that jumps, and counts the points: no jump stops them, and each costs one at most.
TEST(QuiescePlan, JumpsOfTheClockNeitherStarveNorStormIt) {
    sys::WallTime now = noon;
    sys::WallTime last{};
    int points = 0;
    const auto pass = [&](sys::Duration length) {
        for (const auto end = now + length; now < end; now += 1min) {
            if (!quiesce_is_due(every(1), last, now)) continue;
            last = now;
            ++points;
        }
    };
    pass(10h);
    EXPECT_EQ(points, 10);
    now += 9000h;
    pass(10h);
    EXPECT_LE(points, 21);
    now -= 9000h;
    pass(10h);
    EXPECT_GE(points, 30);
    EXPECT_LE(points, 32);
    // A clock that is put right by seconds, over and over, makes no points of its own.
    const int before = points;
    for (int i = 0; i < 100; ++i) {
        pass(2min);
        now -= 1min;
    }
    EXPECT_LE(points, before + 3);
}

TEST(QuiescePlan, AttemptsThatComeToNothingAreRepeatedEverMoreSeldom) {
    QuiescePlan plan;
    sys::MonoTime now{};
    std::vector<sys::Duration> pauses;
    sys::MonoTime before = now;
    for (int attempt = 0; attempt < 6; ++attempt) {
        while (!plan.may_try(now)) now += 1min;
        pauses.push_back(now - before);
        before = now;
        plan.began(every(2), now);
    }
    EXPECT_EQ(pauses, (std::vector<sys::Duration>{0s, 10min, 20min, 40min, 80min, 2h}));
    plan.succeeded();
    EXPECT_TRUE(plan.may_try(now));
}

}  // namespace
}  // namespace reviver::replication
