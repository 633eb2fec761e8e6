#include "wire/compress.h"

#include "wire/test_sites.h"

#include <gmock/gmock.h>

namespace reviver::wire {
namespace {

class Compress : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Levels, Compress, testing::Values(1, 2, 3));

TEST_P(Compress, what_gains_comes_back) {
    Compressor compressor(GetParam());
    Decompressor decompressor;
    Bytes half = random_bytes(1 << 20);
    std::ranges::fill(ByteSpan(half).first(1 << 19), std::byte{3});
    for (const Bytes& bytes : {Bytes(1 << 20, std::byte{1}), half, Bytes(600, std::byte{9})}) {
        const ByteView packed = compressor.compress(bytes);
        ASSERT_FALSE(packed.empty());
        EXPECT_LT(packed.size(), bytes.size() - bytes.size() / 16);
        EXPECT_TRUE(std::ranges::equal(decompressor.decompress(packed, bytes.size()), bytes));
    }
}

TEST_P(Compress, what_does_not_gain_is_left_alone) {
    Compressor compressor(GetParam());
    EXPECT_TRUE(compressor.compress(random_bytes(1 << 20)).empty());
    EXPECT_TRUE(compressor.compress(random_bytes(10000)).empty());
    EXPECT_TRUE(compressor.compress(Bytes(100)).empty());
    EXPECT_TRUE(compressor.compress({}).empty());
}

TEST(Decompress, hostile_bytes_are_refused) {
    Compressor compressor(1);
    Decompressor decompressor;
    const Bytes bytes(1 << 16, std::byte{1});
    const ByteView view = compressor.compress(bytes);
    const Bytes packed(view.begin(), view.end());
    EXPECT_FAILS(Code::corrupt, "decompress", decompressor.decompress(packed, bytes.size() - 1));
    EXPECT_FAILS(Code::corrupt, "decompress", decompressor.decompress(packed, bytes.size() + 1));
    EXPECT_FAILS(Code::corrupt, "decompress", decompressor.decompress({}, 5));
    EXPECT_FAILS(Code::corrupt, "decompress", decompressor.decompress(random_bytes(100), 100));
    EXPECT_FAILS(Code::corrupt, "decompress",
                 decompressor.decompress(ByteView(packed).first(packed.size() - 1), bytes.size()));
    EXPECT_EQ(decompressor.decompress(packed, bytes.size()).size(), bytes.size());
}

}  // namespace
}  // namespace reviver::wire
