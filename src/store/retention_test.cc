#include "store/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

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

}  // namespace
}  // namespace reviver::store
