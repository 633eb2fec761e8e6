#include "capture/chunk_plan.h"

#include "capture/limits.h"
#include "point/point.h"

#include <gtest/gtest.h>

namespace reviver::capture {
namespace {

class ListFeed : public Feed {
  public:
    explicit ListFeed(std::vector<Extent> extents) : extents_(std::move(extents)) {}
    std::vector<Extent> extents(Range window) override {
        std::vector<Extent> result;
        for (const Extent& e : extents_) {
            const auto begin = std::max(e.offset, window.offset);
            const auto end = std::min(e.end(), window.end());
            if (begin < end) result.push_back({begin, end - begin, e.content});
        }
        return result;
    }

  private:
    std::vector<Extent> extents_;
};

std::vector<PlannedChunk> all(ChunkPlan& plan) {
    std::vector<PlannedChunk> chunks;
    while (auto chunk = plan.next()) chunks.push_back(*chunk);
    return chunks;
}

std::vector<Extent> joined(const std::vector<PlannedChunk>& chunks) {
    std::vector<Extent> result;
    for (const auto& chunk : chunks)
        for (const auto& e : chunk.extents) {
            if (!result.empty() && result.back().end() == e.offset &&
                result.back().content == e.content)
                result.back().length += e.length;
            else
                result.push_back(e);
        }
    return result;
}

constexpr std::uint64_t MiB = 1 << 20;

TEST(ChunkPlanTest, ChunksKeepTheirLimitsAndLoseNothing) {
    std::vector<Extent> extents;
    for (std::uint64_t i = 0; i < 5000; ++i) extents.push_back({i * 8192, 4096, Content::data});
    extents.push_back({100 * MiB, 9 * MiB, Content::data});
    extents.push_back({109 * MiB, 500 * MiB, Content::zero});
    ListFeed feed(extents);
    ChunkPlan plan(feed, plan_window * 3);
    const auto chunks = all(plan);
    for (const auto& chunk : chunks) {
        EXPECT_LE(chunk.data_bytes, point::chunk_payload_max);
        EXPECT_LE(chunk.extents.size(), point::chunk_extents_max);
        EXPECT_FALSE(chunk.extents.empty());
    }
    EXPECT_EQ(joined(chunks), extents);
}

TEST(ChunkPlanTest, ZerosCostNoPayload) {
    ListFeed feed({{0, plan_window, Content::zero}});
    ChunkPlan plan(feed, plan_window);
    const auto chunks = all(plan);
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_EQ(chunks[0].data_bytes, 0u);
}

TEST(ChunkPlanTest, ThereIsALimitToExtents) {
    std::vector<Extent> extents;
    for (std::uint64_t i = 0; i < 10000; ++i) extents.push_back({i * 1024, 512, Content::data});
    ListFeed feed(extents);
    ChunkPlan plan(feed, 64 * MiB);
    EXPECT_EQ(plan.next()->extents.size(), point::chunk_extents_max / 2);
}

TEST(ChunkPlanTest, RestartedItIsTheSame) {
    ListFeed feed({{4096, 3 * MiB, Content::data}, {plan_window - 4096, 8192, Content::data}});
    ChunkPlan plan(feed, plan_window + MiB);
    const auto first = all(plan);
    EXPECT_EQ(first.size(), 5u);
    plan.restart();
    const auto second = all(plan);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].extents, second[i].extents);
}

TEST(ChunkPlanTest, BeginsInTheMiddle) {
    ListFeed feed({{0, 3 * MiB, Content::data}});
    ChunkPlan plan(feed, 4 * MiB, 2 * MiB);
    EXPECT_EQ(joined(all(plan)), (std::vector<Extent>{{2 * MiB, MiB, Content::data}}));
}

}  // namespace
}  // namespace reviver::capture
