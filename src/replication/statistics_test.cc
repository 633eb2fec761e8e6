#include "replication/statistics.h"

#include <gtest/gtest.h>

namespace reviver::replication {
namespace {

using namespace std::chrono_literals;

CycleOutcome success(sys::Duration took, std::uint64_t bytes) {
    CycleOutcome outcome;
    outcome.success = true;
    outcome.took = took;
    outcome.sent_bytes = bytes;
    outcome.hold = 12ms;
    outcome.ended = sys::WallTime(1h);
    return outcome;
}

HealthInput replicating(sys::WallTime now) {
    HealthInput input;
    input.name = "shop";
    input.role = Role::primary;
    input.state = State::replicating;
    input.last_transfer = sys::WallTime(1h);
    input.now = now;
    return input;
}

TEST(Statistics, ACycleLongerThanTheIntervalIsMissed) {
    Statistics s;
    count(s, success(2s, 100), 30);
    count(s, success(31s, 300), 30);
    EXPECT_EQ(s.success_count, 1u);
    EXPECT_EQ(s.miss_count, 1u);
    EXPECT_EQ(s.size_bytes, 400u);
    EXPECT_EQ(s.size_bytes_max, 300u);
    EXPECT_EQ(s.latency_ms_max, 31000u);
}

// Late cycles took their time, but the mean was over those that were in time alone.
TEST(Statistics, TheMeanIsOverAllCyclesThatGotAcross) {
    Statistics s;
    EXPECT_EQ(latency_ms_mean(s), 0u);
    count(s, success(2s, 100), 30);
    for (int i = 0; i < 3; ++i) count(s, success(42s, 300), 30);
    count(s, CycleOutcome{}, 30);
    EXPECT_EQ(latency_ms_mean(s), 32000u);
}

TEST(Statistics, FailuresAreCountedByKindAndInARow) {
    Statistics s;
    CycleOutcome broken;
    broken.network_failure = true;
    count(s, broken, 30);
    broken.network_failure = false;
    count(s, broken, 30);
    EXPECT_EQ(s.network_failures, 1u);
    EXPECT_EQ(s.replication_failures, 1u);
    EXPECT_EQ(s.failures_in_a_row, 2u);
    count(s, success(1s, 1), 30);
    EXPECT_EQ(s.failures_in_a_row, 0u);
}

TEST(Statistics, PercentilesAndTheLimitOfKeptHolds) {
    Statistics s;
    for (std::uint32_t i = 0; i < holds_kept + 100; ++i) {
        CycleOutcome outcome = success(1s, 0);
        outcome.hold = sys::Duration(i);
        count(s, outcome, 30);
    }
    EXPECT_EQ(s.hold_us.size(), holds_kept);
    EXPECT_EQ(s.hold_us.front(), 100u);
    EXPECT_EQ(hold_us_percentile(s, 50), 100 + (holds_kept - 1) / 2);
    EXPECT_EQ(hold_us_percentile(Statistics{}, 99), 0u);
}

TEST(Statistics, ANewIntervalKeepsOnlyWhatIsNotCounted) {
    Statistics s;
    count(s, success(1s, 100), 30);
    s.pending_bytes = 7;
    begin_interval(s, sys::WallTime(9h));
    EXPECT_EQ(s.success_count, 0u);
    EXPECT_EQ(s.size_bytes, 0u);
    EXPECT_EQ(s.pending_bytes, 7u);
    EXPECT_EQ(s.last_success, sys::WallTime(1h));
    EXPECT_EQ(s.start, sys::WallTime(9h));
}

TEST(Health, IsOkWhileCyclesGetAcross) {
    Statistics s;
    for (int i = 0; i < 10; ++i) count(s, success(1s, 1), 300);
    const Health health = judge(replicating(sys::WallTime(1h + 5min)), s);
    EXPECT_EQ(health.level, HealthLevel::ok);
    EXPECT_TRUE(health.issues.empty());
}

TEST(Health, WarnsAboveAFifthOfMissedCyclesButNotBeforeFiveCycles) {
    Statistics s;
    count(s, success(1000s, 1), 300);
    EXPECT_EQ(judge(replicating(sys::WallTime(1h)), s).level, HealthLevel::ok);
    for (int i = 0; i < 4; ++i) count(s, success(1s, 1), 300);
    EXPECT_EQ(judge(replicating(sys::WallTime(1h)), s).level, HealthLevel::ok);  // 20 %
    count(s, success(1000s, 1), 300);
    const Health health = judge(replicating(sys::WallTime(1h)), s);
    EXPECT_EQ(health.level, HealthLevel::warning);
    ASSERT_FALSE(health.issues.empty());
    EXPECT_NE(health.issues[0].find("shop"), std::string::npos);
    EXPECT_NE(health.issues[0].find("2 of the last 6"), std::string::npos);
}

TEST(Health, WarnsByTheSecondMissedCycle) {
    Statistics s;
    for (int i = 0; i < 10; ++i) count(s, success(40s, 1), 300);
    const sys::WallTime last(1h);
    EXPECT_EQ(judge(replicating(last + 600s + 40s), s).level, HealthLevel::ok);
    const Health health = judge(replicating(last + 600s + 41s), s);
    EXPECT_EQ(health.level, HealthLevel::warning);
    ASSERT_EQ(health.issues.size(), 1u);
    EXPECT_NE(health.issues[0].find("10 min 41 s old, and every 5 min 0 s"), std::string::npos)
        << health.issues[0];
    EXPECT_NE(health.issues[0].find("bandwidth limit"), std::string::npos);
}

TEST(Health, ARecoverySideWarnsToo) {
    HealthInput input = replicating(sys::WallTime(1h + 606s));
    input.role = Role::replica;
    const Health health = judge(input, {});
    EXPECT_EQ(health.level, HealthLevel::warning);
    EXPECT_NE(health.issues.at(0).find("primary site runs"), std::string::npos);
    input.now = sys::WallTime(1h + 604s);
    EXPECT_EQ(judge(input, {}).level, HealthLevel::ok);
}

TEST(Lag, IsThereWhilePointsShouldBeComing) {
    const auto lag_in = [](Role role, State state) {
        HealthInput input = replicating(sys::WallTime(1h + 30s));
        input.role = role;
        input.state = state;
        return lag_of(input, {});
    };
    EXPECT_EQ(lag_in(Role::primary, State::replicating)->age, 30s);
    EXPECT_EQ(lag_in(Role::primary, State::replicating)->allowed, 605s);
    EXPECT_TRUE(lag_in(Role::primary, State::critical));
    EXPECT_TRUE(lag_in(Role::primary, State::resynchronizing));
    EXPECT_TRUE(lag_in(Role::replica, State::replicating));
    EXPECT_FALSE(lag_in(Role::primary, State::suspended));
    EXPECT_FALSE(lag_in(Role::replica, State::recovered));
    EXPECT_FALSE(lag_in(Role::none, State::replicating));
    HealthInput nothing_yet = replicating(sys::WallTime(1h));
    nothing_yet.last_transfer = {};
    EXPECT_FALSE(lag_of(nothing_yet, {}));
}

// Cycles that are always late are all counted as missed; the longest says what is ordinary.
TEST(Lag, AllowsForCyclesThatTakeLongerThanTheInterval) {
    Statistics s;
    count(s, success(50s, 1), 30);
    HealthInput input = replicating(sys::WallTime(1h));
    input.interval_s = 30;
    EXPECT_EQ(lag_of(input, s)->allowed, 110s);
}

// A group that was prepared, and forgotten, alarmed nobody.
TEST(Health, WarnsOfAPrimaryThatIsPreparedToGo) {
    for (const State state : {State::planned_failover_initiated, State::failover_initiated,
                              State::repurpose_initiated}) {
        HealthInput input = replicating(sys::WallTime(1h));
        input.state = state;
        EXPECT_EQ(judge(input, {}).level, HealthLevel::warning) << name_of(state);
        EXPECT_EQ(judge(input, {}).issues.size(), 1u);
    }
}

TEST(Health, IsCriticalInCriticalStatesAndOnASuspendedReplica) {
    HealthInput input = replicating(sys::WallTime(1h));
    input.state = State::critical;
    input.trouble = "the link is down";
    EXPECT_EQ(judge(input, {}).level, HealthLevel::critical);
    EXPECT_NE(judge(input, {}).issues.at(0).find("the link is down"), std::string::npos);
    input.state = State::suspended;
    EXPECT_EQ(judge(input, {}).level, HealthLevel::warning);
    input.role = Role::replica;
    EXPECT_EQ(judge(input, {}).level, HealthLevel::critical);
}

TEST(Health, WarnsOfPointsThatAreNotApplicationConsistent) {
    HealthInput input = replicating(sys::WallTime(1h));
    input.quiesce_trouble = "no guest agent answers in VM 'db'";
    EXPECT_EQ(judge(input, {}).level, HealthLevel::warning);
    EXPECT_NE(judge(input, {}).issues.at(0).find("VM 'db'"), std::string::npos);
}

TEST(Health, DoesNotApplyWithoutARelationship) {
    EXPECT_EQ(judge({}, {}).level, HealthLevel::not_applicable);
}

// While the first copy is carried nothing can be sent, and that is no failure of anything.
TEST(Health, AnImportThatIsDueIsAWarningAndSilenceIsNone) {
    HealthInput input;
    input.name = "shop";
    input.role = Role::primary;
    input.state = State::replicating;
    input.last_transfer = sys::WallTime(std::chrono::hours(1));
    input.now = sys::WallTime(std::chrono::hours(100));
    input.waits_for = "run `reviver import`";
    const Health health = judge(input, {});
    EXPECT_EQ(health.level, HealthLevel::warning);
    ASSERT_EQ(health.issues.size(), 1u);
    EXPECT_NE(health.issues[0].find("reviver import"), std::string::npos);
}

}  // namespace
}  // namespace reviver::replication
