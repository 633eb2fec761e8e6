// A seed: an older copy of a collection's disks that its first point is built on, and that is never
// a recovery point itself.
#include "base/error.h"
#include "store/feeder_test_support.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <gtest/gtest.h>

namespace reviver::store {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

class SeedTest : public testing::Test {
  protected:
    SeedTest() { reopen(); }

    void reopen() {
        store_.reset();
        store_ = std::make_unique<Store>(world_, directory_.path(), opener_, Options{0.0});
    }
    sys::Path write_image(const std::string& name, const Bytes& content) {
        const sys::Path path = directory_.path() / name;
        const auto file = world_.files.open(path, sys::OpenMode::create);
        file->resize(0);
        file->write_at(0, content);
        return path;
    }
    // Adopts the images as the seed, each an older copy of a disk of `source`.
    void seed(Feeder& source, Sequence sequence, const std::vector<AdoptedDisk>& disks,
              std::uint8_t cut = 1) {
        PointInfo info;
        info.sequence = sequence;
        info.epoch = {3};
        std::array<std::uint8_t, 16> bytes{};
        bytes[15] = cut;
        info.cut = CutId(Uuid(bytes));
        info.kind = PointKind::seed;
        info.vms = Feeder::vms();
        store_->adopt(source.header({1}, {}, point::Bulk::full).collection, info, disks);
    }
    // The first point on the seed: disks in `compared` are compared, the others copied. Answers the
    // bytes that travelled of the compared ones.
    std::uint64_t first_point(Feeder& source, Sequence sequence, Sequence parent,
                              const std::vector<std::uint32_t>& compared) {
        auto header = source.header(sequence, parent, point::Bulk::full);
        for (const std::uint32_t disk : compared) header.disks[disk].bulk = point::Bulk::compare;
        const auto sink = store_->receive();
        sink->open(header);
        std::uint64_t sent = 0;
        for (std::uint32_t disk = 0; disk < header.disks.size(); ++disk) {
            if (header.disks[disk].bulk == point::Bulk::compare)
                sent += source.compare(*sink, disk);
            else
                source.write_data(*sink, disk, {0, source.size(disk)});
        }
        source.cut_and_commit(*sink, sequence);
        return sent;
    }
    void expect_point(Sequence sequence, const Feeder::Content& expected) {
        for (const auto& [key, content] : expected) {
            const auto image = store_->open_disk(test_collection(), sequence, key);
            EXPECT_TRUE(content_of(*image) == content) << key.text();
            const auto chain = store_->chain_files(test_collection(), sequence, key);
            const sys::Path raw = write_image("expected.raw", content);
            EXPECT_EQ(run("qemu-img compare -q -f qcow2 -F raw " + chain.back().path.string() +
                          " " + raw.string()),
                      0);
        }
    }
    std::vector<std::uint64_t> sequences() {
        std::vector<std::uint64_t> list;
        for (const PointInfo& point : store_->points(test_collection()))
            list.push_back(point.sequence.value);
        return list;
    }
    void maintain_fully() {
        while (store_->maintain_once(test_collection(), {0, {}, world_.clock.wall()}).more) {
        }
    }
    template <class Work>
    Code code_of(const Work& work) {
        try {
            work();
        } catch (const Error& e) {
            return e.code();
        }
        ADD_FAILURE() << "no Error came";
        return Code::failed;
    }

    sys::World& world_ = sys::linux_world();
    TemporaryDirectory directory_;
    RawOpener opener_{world_.files};
    std::unique_ptr<Store> store_;
};

TEST_F(SeedTest, TheFirstPointTravelsAsDifferencesAndTheSeedIsNoPoint) {
    Feeder source({{{test_vm(), "vda"}, 2 * mib}, {{test_vm(), "vdb"}, 700 * kib}});
    source.randomize(1);
    const Bytes old = source.content(0);
    const sys::Path image = write_image("old.raw", old);
    source.overwrite(0, {300 * kib, 4 * kib}, 7);
    seed(source, {1}, {{source.key(0), old.size(), image, "raw"}});
    EXPECT_TRUE(sequences().empty());
    EXPECT_FALSE(store_->newest(test_collection()));
    ASSERT_TRUE(store_->tip(test_collection()));
    EXPECT_EQ(store_->tip(test_collection())->sequence, Sequence{1});
    EXPECT_EQ(store_->tip(test_collection())->disks.size(), 1u);

    EXPECT_EQ(first_point(source, {2}, {1}, {0}), 64 * kib);
    EXPECT_EQ(sequences(), std::vector<std::uint64_t>{2});
    EXPECT_EQ(code_of([&] { store_->remove_point(test_collection(), {2}); }), Code::invalid_state);
    expect_point({2}, source.at({2}));
    maintain_fully();
    source.change(3, 5);
    source.delta(*store_, {3});
    maintain_fully();
    store_->shorten(test_collection(), {3}, 1);
    reopen();
    EXPECT_EQ(sequences(), std::vector<std::uint64_t>{3});
    expect_point({3}, source.at({3}));
    EXPECT_TRUE(sys::read_file(world_.files, image, 4 * mib) == old);
}

TEST_F(SeedTest, ASeedMayBeSmallerOrLargerThanTheDisk) {
    Feeder source({{{test_vm(), "vda"}, 2 * mib}, {{test_vm(), "vdb"}, mib}});
    source.randomize(2);
    Bytes small = source.content(0);
    small.resize(mib + 512);
    Bytes large = source.content(1);
    large.resize(3 * mib, std::byte{9});
    seed(source, {1},
         {{source.key(0), small.size(), write_image("small.raw", small), "raw"},
          {source.key(1), large.size(), write_image("large.raw", large), "raw"}});
    EXPECT_LT(first_point(source, {2}, {1}, {0, 1}), 1200 * kib);
    expect_point({2}, source.at({2}));
    maintain_fully();
    expect_point({2}, source.at({2}));
}

TEST_F(SeedTest, AnotherSeedTakesItsPlaceAndOnlyFilesOfTheStoreGo) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(3);
    source.full(*store_, {1});
    const sys::Path left = store_->chain_files(test_collection(), {1}, source.key(0))[0].path;
    const sys::Path image = write_image("old.raw", source.content(0));
    const std::vector<AdoptedDisk> disks{{source.key(0), mib, image, "raw"}};
    EXPECT_EQ(code_of([&] { seed(source, {2}, disks); }), Code::invalid_state);
    store_->remove_collection(test_collection(), false);

    seed(source, {1}, disks);
    const sys::Path first = store_->chain_files(test_collection(), {1}, source.key(0)).back().path;
    seed(source, {2}, disks, 2);
    EXPECT_FALSE(world_.files.exists(first));
    const sys::Path second = store_->chain_files(test_collection(), {2}, source.key(0)).back().path;
    store_->remove_collection(test_collection(), false);
    EXPECT_FALSE(world_.files.exists(second));
    reopen();
    EXPECT_TRUE(world_.files.exists(image));
    EXPECT_TRUE(world_.files.exists(left));
    EXPECT_TRUE(store_->collections().empty());
}

// What a broken first copy left is no ground for anybody once a seed is there.
TEST_F(SeedTest, ASeedTakesThePlaceOfAnUnfinishedCopy) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(4);
    {
        const auto sink = store_->receive();
        sink->open(source.header({1}, {}, point::Bulk::full));
        source.write_data(*sink, 0, {0, 512 * kib});
    }
    const sys::Path image = write_image("old.raw", source.content(0));
    seed(source, {1}, {{source.key(0), mib, image, "raw"}});
    EXPECT_EQ(first_point(source, {2}, {1}, {0}), 0u);
    reopen();
    expect_point({2}, source.at({2}));
}

}  // namespace
}  // namespace reviver::store
