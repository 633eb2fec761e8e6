#include "store/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace reviver::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const sys::WallTime start{std::chrono::hours(1000)};

RetentionPoint point(std::uint64_t sequence, sys::Duration after_start) {
    return {{sequence}, start + after_start};
}

TEST(Retention, TheNewestStaysWhateverThePolicy) {
    const RetentionPolicy nothing{0, 0s, start + 1000h};
    EXPECT_THAT(points_to_drop({}, nothing), IsEmpty());
    EXPECT_THAT(points_to_drop({point(1, 0s)}, nothing), IsEmpty());
    EXPECT_THAT(points_to_drop({point(1, 0s), point(2, 1s)}, nothing), ElementsAre(Sequence{1}));
}

TEST(Retention, WithoutHistoryTheRecentWindowDoesNotCount) {
    const RetentionPolicy latest_only{0, 10min, start + 2min};
    EXPECT_THAT(points_to_drop({point(1, 0s), point(2, 1min), point(3, 2min)}, latest_only),
                ElementsAre(Sequence{1}, Sequence{2}));
}

TEST(Retention, TheRecentWindowStaysWhole) {
    const RetentionPolicy policy{1, 10min, start + 30min};
    // The oldest of the hour stays as the hour's; 19 min is too old; the rest is recent.
    EXPECT_THAT(points_to_drop({point(1, 0s), point(2, 19min), point(3, 20min), point(4, 25min),
                                point(5, 30min)},
                               policy),
                ElementsAre(Sequence{2}));
}

// Points every second used to make a chain of hundreds of layers, whose XML nobody could read.
TEST(Retention, TheRecentWindowHasAMostOfPoints) {
    std::vector<RetentionPoint> points;
    for (std::uint64_t i = 0; i < 10; ++i) points.push_back(point(i + 1, 1s * i));
    const RetentionPolicy policy{1, 10min, start + 10s, 3};
    std::vector<Sequence> gone;
    for (std::uint64_t i = 2; i <= 6; ++i) gone.push_back({i});
    EXPECT_EQ(points_to_drop(points, policy), gone);
}

TEST(Retention, OnePointAnHourGoingBack) {
    std::vector<RetentionPoint> points;
    for (std::uint64_t i = 0; i < 40; ++i) points.push_back(point(i + 1, 15min * i));
    const RetentionPolicy policy{3, 0s, start + 10h};
    std::vector<std::uint64_t> kept;
    const auto dropped = points_to_drop(points, policy);
    for (const RetentionPoint& p : points)
        if (std::find(dropped.begin(), dropped.end(), p.sequence) == dropped.end())
            kept.push_back(p.sequence.value);
    // The first of the hours 7, 8 and 9, and the newest.
    EXPECT_THAT(kept, ElementsAre(29, 33, 37, 40));
}

TEST(Retention, OfAnHourAnApplicationConsistentPointIsPreferred) {
    std::vector<RetentionPoint> points{point(1, 0min),  point(2, 10min), point(3, 20min),
                                       point(4, 30min), point(5, 60min), point(6, 70min)};
    for (const std::size_t i : {2u, 3u}) points[i].consistency = Consistency::application;
    const RetentionPolicy policy{5, 0s, start + 10h};
    EXPECT_THAT(points_to_drop(points, policy), ElementsAre(Sequence{1}, Sequence{2}, Sequence{4}));
    EXPECT_THAT(points_to_drop(points, {0, 0s, start + 10h}),
                ElementsAre(Sequence{1}, Sequence{2}, Sequence{3}, Sequence{4}, Sequence{5}));
}

TEST(Retention, PinnedAndTailPointsStay) {
    std::vector<RetentionPoint> points{point(1, 0s), point(2, 1s), point(3, 2s), point(4, 3s)};
    points[0].kind = PointKind::tail;
    points[1].pinned = true;
    EXPECT_THAT(points_to_drop(points, {0, 0s, start + 5h}), ElementsAre(Sequence{3}));
}

TEST(Retention, ASeedGoesAsSoonAsThereIsAPoint) {
    std::vector<RetentionPoint> points{point(1, 0s)};
    points[0].kind = PointKind::seed;
    EXPECT_THAT(points_to_drop(points, {5, 10min, start}), IsEmpty());
    points.push_back(point(2, 1s));
    EXPECT_THAT(points_to_drop(points, {5, 10min, start + 1s}), ElementsAre(Sequence{1}));
}

// Applied at every step of a long history, a policy ends where it would end if it were applied
// once: what was chosen stays chosen.
TEST(Retention, WhatIsDroppedEarlyIsNotMissedLater) {
    std::mt19937_64 random(1);
    std::vector<RetentionPoint> all, stepwise;
    sys::Duration at{};
    for (std::uint64_t sequence = 1; sequence <= 300; ++sequence) {
        at += std::chrono::seconds(random() % 1200);
        all.push_back(point(sequence, at));
        if (random() % 5 == 0) all.back().consistency = Consistency::application;
        stepwise.push_back(all.back());
        for (const Sequence gone : points_to_drop(stepwise, {5, 10min, start + at}))
            std::erase_if(stepwise, [&](const auto& p) { return p.sequence == gone; });
        EXPECT_LE(stepwise.size(), 1u + 5 + 20 + 60);
    }
    for (const Sequence gone : points_to_drop(all, {5, 10min, start + at}))
        std::erase_if(all, [&](const auto& p) { return p.sequence == gone; });
    ASSERT_EQ(all.size(), stepwise.size());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].sequence, stepwise[i].sequence);
}

TEST(Retention, DaysAndWeeksBeginAtMidnightUtcAndOnMonday) {
    const sys::WallTime sunday{std::chrono::sys_days{std::chrono::year(2027) / 1 / 3}};
    std::vector<RetentionPoint> points;
    for (const auto after : {22h, 23h, 24h, 47h, 48h}) {
        points.push_back({{points.size() + 1}, sunday + after});
    }
    const RetentionPolicy policy{1, 0s, sunday + 48h, 60, 3, 2};
    using enum KeptAs;
    EXPECT_THAT(reasons_to_keep(points, policy),
                ElementsAre(ElementsAre(daily, weekly), IsEmpty(), ElementsAre(daily, weekly),
                            ElementsAre(hourly), ElementsAre(newest)));
}

TEST(Retention, DaysWithoutAPointDoNotCount) {
    const std::vector<RetentionPoint> points{point(1, 0h), point(2, 24h), point(3, 24h * 30),
                                             point(4, 24h * 31)};
    EXPECT_THAT(points_to_drop(points, {1, 0s, start + 24h * 31, 60, 2, 0}),
                ElementsAre(Sequence{1}));
}

TEST(Retention, WithoutHistoryThereAreNoDaysEither) {
    EXPECT_THAT(points_to_drop({point(1, 0h), point(2, 30h)}, {0, 10min, start + 30h, 60, 7, 4}),
                ElementsAre(Sequence{1}));
}

TEST(Retention, SaysWhyAPointStays) {
    std::vector<RetentionPoint> points{point(1, 0s), point(2, 1s), point(3, 2s), point(4, 3s)};
    points[0].kind = PointKind::tail;
    points[1].pinned = true;
    using enum KeptAs;
    EXPECT_THAT(reasons_to_keep(points, {1, 10min, start + 4s}),
                ElementsAre(ElementsAre(tail), ElementsAre(pinned, recent, hourly),
                            ElementsAre(recent), ElementsAre(newest)));
    EXPECT_EQ(name_of(weekly), "weekly");
}

// A long history under a policy that is chosen at random, looked at after each point.
class RandomHistory : public testing::TestWithParam<std::uint64_t> {
  protected:
    RandomHistory() {
        const auto below = [this](std::uint64_t bound) {
            return static_cast<std::uint32_t>(random() % bound);
        };
        policy.recovery_history = below(30);
        policy.recent = std::chrono::minutes(below(60));
        policy.recent_max = below(70);
        policy.daily = below(10);
        policy.weekly = below(6);
        pause_max_s = 1 + random() % (random() % 2 == 0 ? 600 : 40'000);
    }
    void add() {
        at += std::chrono::seconds(1 + random() % pause_max_s);
        policy.now = start + at;
        all.push_back(point(all.size() + 1, at));
        if (random() % 50 == 0) all.back().kind = PointKind::tail;
        if (random() % 50 == 0) all.back().pinned = true;
        kept.push_back(all.back());
    }
    void drop() {
        for (const Sequence gone : points_to_drop(kept, policy))
            std::erase_if(kept, [&](const auto& p) { return p.sequence == gone; });
    }
    std::vector<std::uint64_t> sequences(const std::vector<RetentionPoint>& points) {
        std::vector<std::uint64_t> result;
        for (const auto& p : points) result.push_back(p.sequence.value);
        return result;
    }
    std::size_t most() const {
        return 1 + policy.recent_max + policy.recovery_history + policy.daily + policy.weekly;
    }

    std::mt19937_64 random{GetParam()};
    RetentionPolicy policy;
    std::uint64_t pause_max_s = 0;
    sys::Duration at{};
    std::vector<RetentionPoint> all;   // that there ever were
    std::vector<RetentionPoint> kept;  // by looking after each
};

TEST_P(RandomHistory, KeepsItsPromises) {
    for (int i = 0; i < 400; ++i) {
        add();
        drop();
        ASSERT_EQ(kept.back().sequence, all.back().sequence) << "the newest stays";
        const auto special = [](const auto& p) { return p.pinned || p.kind == PointKind::tail; };
        ASSERT_EQ(std::ranges::count_if(kept, special), std::ranges::count_if(all, special));
        ASSERT_LE(kept.size() - std::ranges::count_if(kept, special), most());
    }
    // What was chosen stayed chosen: nothing that one look at the end would keep was dropped
    // early. (What waited for a slot to be passed over may be there in addition.)
    const auto stepwise = kept;
    std::erase_if(all, [gone = points_to_drop(all, policy)](const auto& p) {
        return std::ranges::find(gone, p.sequence) != gone.end();
    });
    EXPECT_EQ(sequences(stepwise), sequences(all));
}

TEST_P(RandomHistory, APointIsChosenUntilItsSlotIsTooOld) {
    std::set<std::uint64_t> daily_before;
    for (int i = 0; i < 300; ++i) {
        add();
        const auto reasons = reasons_to_keep(all, policy);
        std::set<std::uint64_t> daily;
        for (std::size_t n = 0; n < all.size(); ++n)
            if (std::ranges::find(reasons[n], KeptAs::daily) != reasons[n].end())
                daily.insert(all[n].sequence.value);
        // Whoever is no longer chosen is older than all that are.
        for (const std::uint64_t before : daily_before)
            ASSERT_TRUE(daily.contains(before) || before < *daily.begin());
        daily_before = daily;
    }
}

INSTANTIATE_TEST_SUITE_P(Retention, RandomHistory, testing::Range<std::uint64_t>(1, 41));

}  // namespace
}  // namespace reviver::store
