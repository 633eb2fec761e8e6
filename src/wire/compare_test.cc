#include "wire/compare.h"

#include "wire/block_hashes.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>

#include <random>

namespace reviver::wire {
namespace {

// A disk in memory; says of aligned 4 KiB what is zeros, as a file with holes does.
class MemoryImage : public point::Image {
  public:
    explicit MemoryImage(Bytes bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size_bytes() const override { return bytes_.size(); }
    void read(std::uint64_t offset, ByteSpan to) override {
        if (offset == fails_at) fail(Code::failed, "the disk cannot be read");
        read_bytes += to.size();
        std::ranges::copy(ByteView(bytes_).subspan(offset, to.size()), to.begin());
    }
    std::vector<Extent> extents(Range range) override {
        std::vector<Extent> extents;
        for (std::uint64_t at = range.offset; at < range.end();) {
            const std::uint64_t size = std::min(4096 - at % 4096, range.end() - at);
            const bool zero = all_zero(ByteView(bytes_).subspan(at, size));
            extents.push_back({at, size, zero ? Content::zero : Content::data});
            at += size;
        }
        return extents;
    }
    std::uint64_t read_bytes = 0;
    std::uint64_t fails_at = ~0ull;

  private:
    Bytes bytes_;
};

class Compare : public testing::Test {
  protected:
    Compare() : link(sites.connect()), sink(link->sink()) {}

    // Compares `local` with what the other side has, and checks that both are the same then.
    CompareResult equalize(Bytes local, Bytes remote, const CompareFilters& filters = {}) {
        sink->open(header_of_disks({4096, local.size()}));
        received.disks[1] = std::move(remote);
        received.disks[1].resize(local.size());
        MemoryImage image(local);
        const CompareResult result = compare_disk(sites.world, image, 1, *sink, filters);
        sink->begin_cut({});
        read_bytes = image.read_bytes;
        EXPECT_TRUE(received.disks[1] == local);
        EXPECT_EQ(result.compared_bytes, local.size());
        return result;
    }

    TestSites sites{Way::plain_memory};
    Received& received = sites.handler.received;
    std::unique_ptr<PeerLink> link;
    std::unique_ptr<point::Sink> sink;
    std::uint64_t read_bytes = 0;
};

constexpr std::uint64_t block = point::compare_block;
constexpr std::uint64_t group = compare_group_bytes;  // 16 MiB

TEST_F(Compare, equal_disks_send_nothing) {
    const Bytes disk = random_bytes(group + 3 * block + 512);
    const CompareResult result = equalize(disk, disk);
    EXPECT_EQ(result.differing_bytes, 0u);
    EXPECT_EQ(received.count("write"), 0u);
    EXPECT_EQ(received.count("compare"), 1u);
    EXPECT_EQ(read_bytes, disk.size());
}

TEST_F(Compare, only_blocks_that_differ_are_sent) {
    const Bytes disk = random_bytes(2 * group);
    Bytes other = disk;
    other[0] ^= std::byte{1};
    other[2 * block - 1] ^= std::byte{1};
    other[group + 7 * block + 5] ^= std::byte{1};
    other.back() ^= std::byte{1};
    const CompareResult result = equalize(disk, other);
    EXPECT_EQ(result.differing_bytes, 4 * block);
    EXPECT_EQ(result.data_bytes, 4 * block);
}

TEST_F(Compare, a_short_last_block_counts_as_it_is) {
    const Bytes disk = random_bytes(group + block + 512);
    Bytes other = disk;
    other.back() ^= std::byte{1};
    EXPECT_EQ(equalize(disk, other).differing_bytes, 512u);
    EXPECT_EQ(equalize(random_bytes(512), Bytes(512)).differing_bytes, 512u);
}

TEST_F(Compare, zeros_are_not_read_and_travel_as_zeros) {
    Bytes disk(2 * group);
    const Bytes random = random_bytes(block);
    std::ranges::copy(random, disk.begin() + group + block);
    const CompareResult nothing = equalize(disk, disk);
    EXPECT_EQ(nothing.differing_bytes, 0u);
    EXPECT_EQ(read_bytes, block);
    const CompareResult result = equalize(disk, random_bytes(2 * group, 5));
    EXPECT_EQ(result.differing_bytes, 2 * group);
    EXPECT_EQ(result.data_bytes, block);
}

TEST_F(Compare, an_empty_disk_is_equal) {
    EXPECT_EQ(equalize({}, {}).differing_bytes, 0u);
}

TEST_F(Compare, random_disks_become_equal) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 6; ++round) {
        Bytes disk = random_bytes(1 + random() % (group + group / 4), random());
        Bytes other = disk;
        std::uint64_t changed_max = 0;
        for (int change = 0; change < 20; ++change) {
            const std::uint64_t at = random() % disk.size();
            const std::uint64_t size = std::min<std::uint64_t>(random() % 300000, disk.size() - at);
            Bytes& one = random() % 2 ? disk : other;
            std::ranges::fill(ByteSpan(one).subspan(at, size), std::byte(random() % 2));
            changed_max += align_up(size, block) + block;
        }
        EXPECT_LE(equalize(disk, other).differing_bytes, changed_max);
    }
}

TEST_F(Compare, progress_is_told_and_stopping_is_heard) {
    const Bytes disk = random_bytes(group);
    std::uint64_t told = 0;
    equalize(disk, disk,
             {.progress = [&](const CompareResult& so_far) { told = so_far.compared_bytes; }});
    EXPECT_EQ(told, disk.size());
    EXPECT_FAILS(Code::stopped, "stopped",
                 equalize(disk, disk, {.progress = {}, .stopped = [] { return true; }}));
}

TEST_F(Compare, trouble_on_either_side_ends_it) {
    MemoryImage image(random_bytes(3 * block));
    sink->open(header_of_disks({4096, 3 * block}));
    received.set_trouble("compare", Error(Code::failed, "the replica cannot be read"));
    EXPECT_FAILS(Code::failed, "the replica", compare_disk(sites.world, image, 1, *sink));
    image.fails_at = 0;
    EXPECT_FAILS(Code::failed, "the disk cannot", compare_disk(sites.world, image, 1, *sink));
}

}  // namespace
}  // namespace reviver::wire
