#include "point/point.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::point {
namespace {

class Chunks : public testing::Test {
  protected:
    Chunk chunk(std::vector<Extent> extents) {
        std::uint64_t data = 0;
        for (const Extent& extent : extents)
            if (extent.content == Content::data) data += extent.length;
        payload_.assign(data, std::byte{7});
        return {0, std::move(extents), payload_};
    }
    void expect_refused(const Chunk& bad, std::uint64_t size_bytes = 1000) {
        try {
            validate(bad, size_bytes);
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::corrupt);
        }
    }
    Bytes payload_;
};

TEST_F(Chunks, GoodOnesPass) {
    EXPECT_NO_THROW(validate(chunk({{0, 10}, {10, 5, Content::zero}, {900, 100}}), 1000));
    EXPECT_NO_THROW(validate(chunk({{0, disk_size_max, Content::zero}}), disk_size_max));
    std::vector<Extent> many;
    for (std::uint64_t i = 0; i < chunk_extents_max; ++i) many.push_back({i * 2, 1});
    EXPECT_NO_THROW(validate(chunk(many), 1 << 20));
    EXPECT_NO_THROW(validate(chunk({{0, chunk_payload_max}}), 1 << 20));
}

TEST_F(Chunks, BadOnesAreCorrupt) {
    expect_refused(chunk({}));
    expect_refused(chunk({{0, 0}}));
    expect_refused(chunk({{10, 10}, {5, 2}}));
    expect_refused(chunk({{10, 10}, {19, 2}}));
    expect_refused(chunk({{999, 2}}));
    expect_refused(chunk({{1001, 1}}));
    expect_refused(chunk({{~0ull, 2, Content::zero}}));
    expect_refused(chunk({{2, ~0ull, Content::zero}}));
    expect_refused(chunk({{0, 1, static_cast<Content>(2)}}));
    Chunk short_of_payload = chunk({{0, 10}});
    short_of_payload.payload = short_of_payload.payload.first(9);
    expect_refused(short_of_payload);
    std::vector<Extent> many;
    for (std::uint64_t i = 0; i <= chunk_extents_max; ++i) many.push_back({i * 2, 1});
    expect_refused(chunk(many), 1 << 20);
    expect_refused(chunk({{0, chunk_payload_max + 1}}), 4 << 20);
}

TEST_F(Chunks, EveryPartIsInTheChecksum) {
    const Chunk good = chunk({{0, 10}, {10, 5, Content::zero}});
    const std::uint64_t sum = checksum_of(good);
    Chunk other = good;
    other.disk = 1;
    EXPECT_NE(checksum_of(other), sum);
    other = good;
    other.extents[0].offset = 1;
    EXPECT_NE(checksum_of(other), sum);
    other = good;
    other.extents[1].content = Content::data;
    EXPECT_NE(checksum_of(other), sum);
    payload_[3] = std::byte{8};
    EXPECT_NE(checksum_of(good), sum);
}

}  // namespace
}  // namespace reviver::point
