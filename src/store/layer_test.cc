// Layers: written and read against a model in memory, and checked by stock qemu-img.
#include "base/checksum.h"
#include "base/error.h"
#include "store/layer_reader.h"
#include "store/layer_writer.h"
#include "store/stack.h"
#include "store/store_test_support.h"

#include <gtest/gtest.h>

#include <random>

namespace reviver::store {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

LayerIdentity identity(std::uint64_t sequence, std::uint64_t parent, std::uint64_t size_bytes) {
    const std::string backing = parent == 0 ? "base.raw" : fmt::format("p{}.qcow2", parent);
    return {test_collection(), {test_vm(), "vda"},           {sequence}, {parent}, size_bytes,
            backing,           parent == 0 ? "raw" : "qcow2"};
}

class LayerTest : public testing::Test {
  protected:
    sys::Path layer_path(std::uint64_t sequence) const {
        return directory_.path() / fmt::format("p{}.qcow2", sequence);
    }
    std::unique_ptr<LayerWriter> make(std::uint64_t sequence, std::uint64_t size_bytes,
                                      std::uint64_t parent = 0) {
        return std::make_unique<LayerWriter>(
            files_.open(layer_path(sequence), sys::OpenMode::create_new),
            identity(sequence, parent, size_bytes));
    }
    std::shared_ptr<LayerReader> open(std::uint64_t sequence) {
        return std::make_shared<LayerReader>(files_, layer_path(sequence));
    }
    void make_base(ByteView content) {
        auto file = files_.open(directory_.path() / "base.raw", sys::OpenMode::create);
        file->write_at(0, content);
    }
    std::unique_ptr<point::Image> base() {
        return std::make_unique<RawImage>(
            files_.open(directory_.path() / "base.raw", sys::OpenMode::read));
    }
    // The chain of these layers is `expected`, for us and for QEMU, and QEMU finds each file sound.
    void expect_chain(const std::vector<std::uint64_t>& sequences, ByteView expected) {
        std::vector<std::shared_ptr<Layer>> layers;
        for (const std::uint64_t sequence : sequences) layers.push_back(open(sequence));
        ChainImage image(Stack(std::move(layers)), base());
        EXPECT_TRUE(std::ranges::equal(content_of(image), expected));
        const sys::Path top = layer_path(sequences.back());
        EXPECT_EQ(run(fmt::format("qemu-img check -q {}", top.string())), 0);
        const sys::Path raw = directory_.path() / "expected.raw";
        const auto file = files_.open(raw, sys::OpenMode::create);
        file->resize(0);
        file->write_at(0, expected);
        EXPECT_EQ(run(fmt::format("qemu-img compare -q -f qcow2 -F raw {} {}", top.string(),
                                  raw.string())),
                  0);
    }

    TemporaryDirectory directory_;
    sys::Files& files_ = sys::linux_world().files;
};

TEST_F(LayerTest, AnEmptyLayerShowsWhatIsBelow) {
    const Bytes content = random_bytes(1, 300 * kib);
    make_base(content);
    make(1, content.size())->finish();
    expect_chain({1}, content);
}

TEST_F(LayerTest, AScatteredChangeTakesItsOwnSpace) {
    make_base(Bytes(4 * mib));
    auto writer = make(1, 4 * mib);
    Bytes expected(4 * mib);
    for (std::uint64_t at = 0; at < 4 * mib; at += 64 * kib) {
        const Bytes data = random_bytes(at, 4 * kib);
        writer->write(at + 8 * kib, data);
        std::ranges::copy(data, expected.begin() + static_cast<std::ptrdiff_t>(at + 8 * kib));
    }
    // 64 changes of 4 KiB; a page each of L2, L1, refcount table and block, header and checksums.
    EXPECT_EQ(writer->finish(), 64 * 4 * kib + 6 * 4 * kib);
    expect_chain({1}, expected);
}

TEST_F(LayerTest, ZerosHideWhatIsBelowAndDataHidesZeros) {
    const Bytes content = random_bytes(2, mib);
    make_base(content);
    Bytes expected = content;
    auto writer = make(1, mib);
    writer->zero({0, 512 * kib});
    std::fill_n(expected.begin(), 512 * kib, std::byte{0});
    const Bytes data = random_bytes(3, 6 * kib);
    writer->write(62 * kib, data);
    std::ranges::copy(data, expected.begin() + 62 * kib);
    writer->zero({64 * kib, 2 * kib});
    std::fill_n(expected.begin() + 64 * kib, 2 * kib, std::byte{0});
    writer->finish();
    expect_chain({1}, expected);
}

TEST_F(LayerTest, FinishMayBeRepeatedAfterMoreWrites) {
    make_base(Bytes(mib));
    auto writer = make(1, mib);
    Bytes expected(mib);
    for (const std::uint64_t at : {0 * kib, 128 * kib, 640 * kib}) {
        const Bytes data = random_bytes(at, 2 * kib);
        writer->write(at, data);
        std::ranges::copy(data, expected.begin() + static_cast<std::ptrdiff_t>(at));
        writer->finish();
    }
    expect_chain({1}, expected);
}

TEST_F(LayerTest, ADiskMayEndAnywhereAndGrow) {
    const std::uint64_t small = 200 * kib + 512, large = 321 * kib + 512;
    const Bytes content = random_bytes(4, small);
    make_base(content);
    make(1, small)->finish();
    expect_chain({1}, content);
    auto writer = make(2, large, 1);
    const Bytes tail = random_bytes(5, 1536);
    writer->write(320 * kib, tail);
    writer->finish();
    Bytes expected = content;
    expected.resize(large);
    std::ranges::copy(tail, expected.begin() + 320 * kib);
    expect_chain({1, 2}, expected);
}

TEST_F(LayerTest, WhatWasCutOffByAShrinkDoesNotComeBackWhenTheDiskGrows) {
    make_base(random_bytes(6, 300 * kib));
    make(1, 300 * kib)->finish();
    make(2, 100 * kib, 1)->finish();
    make(3, 300 * kib, 2)->finish();
    Bytes expected = random_bytes(6, 300 * kib);
    std::fill(expected.begin() + 100 * kib, expected.end(), std::byte{0});
    expect_chain({1, 2, 3}, expected);
}

// Random writes and zeros over three layers; every byte as the model says.
TEST_F(LayerTest, RandomChainsReadAsTheModel) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        std::mt19937_64 random(seed);
        const std::uint64_t size = 600 * kib + random() % 4 * 512;
        Bytes model = random_bytes(seed, size);
        make_base(model);
        std::vector<std::uint64_t> chain;
        for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
            files_.remove(layer_path(sequence));
            auto writer = make(sequence, size, sequence - 1);
            for (int i = 0; i < 30; ++i) {
                const std::uint64_t at = align_down(random() % size, 2 * kib);
                const std::uint64_t length = std::min(size - at, (1 + random() % 60) * 2 * kib);
                const bool zero = random() % 3 == 0;
                const Bytes data = zero ? Bytes(length) : random_bytes(random(), length);
                if (zero)
                    writer->zero({at, length});
                else
                    writer->write(at, data);
                std::ranges::copy(data, model.begin() + static_cast<std::ptrdiff_t>(at));
            }
            writer->finish();
            chain.push_back(sequence);
        }
        expect_chain(chain, model);
    }
}

TEST_F(LayerTest, AWriterIsReadWhileItIsWritten) {
    auto writer = make(1, mib);
    const Bytes data = random_bytes(7, 100 * kib);
    writer->write(30 * kib, data);
    const auto list = segments(*writer, {0, mib});
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(list[1].offset, 30 * kib);
    EXPECT_EQ(list[1].length, 100 * kib);
    Bytes read(100 * kib);
    writer->read(list[1].host_offset, read);
    EXPECT_EQ(read, data);
}

// One flipped bit anywhere is found by the scrub, or refused when the file is opened; nothing
// crashes.
TEST_F(LayerTest, EveryFlippedByteThatMattersIsFound) {
    auto writer = make(1, 2 * mib);
    for (std::uint64_t at = 0; at < 2 * mib; at += 256 * kib)
        writer->write(at, random_bytes(at, 4 * kib));
    writer->finish();
    Bytes whole = sys::read_file(files_, layer_path(1), 64 * mib);
    const auto file = files_.open(layer_path(1), sys::OpenMode::write);
    std::size_t checked = 0;
    for (std::size_t at = 0; at < whole.size(); at += at < 4 * kib ? 1 : 997) {
        // Holes of data clusters belong to nobody.
        const bool in_data = at >= 64 * kib && at < 9 * 64 * kib;
        if (in_data && at % (64 * kib) >= 4 * kib) continue;
        if (at >= 4 * kib && at < 64 * kib) continue;
        const std::byte flipped[] = {whole[at] ^ std::byte{0x10}};
        file->write_at(at, flipped);
        std::size_t bad = 0;
        try {
            LayerReader reader(files_, layer_path(1));
            reader.scrub([&](Range) { ++bad; }, [](std::uint64_t) { return true; });
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::corrupt) << error.what();
            ++bad;
        }
        EXPECT_GT(bad, 0u) << "at " << at;
        file->write_at(at, ByteView(whole).subspan(at, 1));
        ++checked;
    }
    EXPECT_GT(checked, 4096u);
}

TEST_F(LayerTest, ATruncatedFileIsCorrupt) {
    make(1, mib)->finish();
    const auto file = files_.open(layer_path(1), sys::OpenMode::write);
    const std::uint64_t whole = file->size_bytes();
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{100}, 4 * kib, 64 * kib, whole - 1}) {
        file->resize(size);
        EXPECT_THROW(LayerReader(files_, layer_path(1)), Error) << size;
    }
}

// An enemy makes good digests too: what they protect is then only as good as the bounds.
TEST_F(LayerTest, TablesThatPointOutsideAreRefused) {
    auto writer = make(1, mib);
    writer->write(0, random_bytes(8, 64 * kib));
    writer->finish();
    const auto header = LayerReader::read_header(files_, layer_path(1));
    const std::uint64_t l2 = 2 * 64 * kib;
    const auto file = files_.open(layer_path(1), sys::OpenMode::write);
    for (const std::uint64_t entry : {1ull << 62, 5ull << 16 | qcow2::copied_flag, 1ull << 16,
                                      (1ull << 55) | qcow2::copied_flag, 1ull}) {
        std::byte bytes[8];
        store_be(bytes, entry);
        file->write_at(l2, bytes);
        LayerReader reader(files_, layer_path(1));
        EXPECT_THROW(reader.cluster(0), Error) << entry;
    }
    for (const std::uint64_t entry :
         {7ull << 40 | qcow2::copied_flag, 2ull << 16, 1ull << 16 | qcow2::copied_flag}) {
        std::byte bytes[8];
        store_be(bytes, entry);
        file->write_at(header.l1_offset, bytes);
        LayerReader reader(files_, layer_path(1));
        EXPECT_THROW(reader.cluster(0), Error) << entry;
    }
}

TEST_F(LayerTest, AFlippedClusterIsNotMergedOn) {
    auto writer = make(1, mib);
    writer->write(0, random_bytes(9, 64 * kib));
    writer->finish();
    open(1)->verify(0);
    const std::byte wrong[] = {std::byte{1}, std::byte{2}};
    files_.open(layer_path(1), sys::OpenMode::write)->write_at(64 * kib + 100, wrong);
    EXPECT_THROW(open(1)->verify(0), Error);
}

}  // namespace
}  // namespace reviver::store
