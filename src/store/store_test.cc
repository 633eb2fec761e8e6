// The store as its users meet it, on real files: what was received reads back, for us and for stock
// QEMU, whatever upkeep does.
#include "store/store.h"

#include "base/error.h"
#include "point/copy.h"
#include "store/feeder_test_support.h"
#include "store/store_test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace reviver::store {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

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

class StoreTest : public testing::Test {
  protected:
    StoreTest() { reopen(); }

    void reopen() {
        store_.reset();
        store_ = std::make_unique<Store>(world_, directory_.path(), opener_, Options{0.0});
    }
    Feeder feeder(std::uint64_t size = 3 * mib + 512) {
        return Feeder({{{test_vm(), "vda"}, size}, {{test_vm(), "vdb"}, 700 * kib}});
    }
    // For us, and for stock QEMU.
    void expect_point(Sequence sequence, const Feeder::Content& expected) {
        expect_content(sequence, expected);
        for (const auto& [key, content] : expected) expect_qemu(sequence, key, content);
    }
    void expect_content(Sequence sequence, const Feeder::Content& expected) {
        for (const auto& [key, content] : expected) {
            const auto image = store_->open_disk(test_collection(), sequence, key);
            EXPECT_TRUE(content_of(*image) == content) << sequence.value << " " << key.text();
            expect_extents(*image, content);
        }
    }
    void expect_extents(point::Image& image, const Bytes& content) {
        std::uint64_t at = 0;
        for (const Extent& extent : image.extents({0, content.size()})) {
            EXPECT_EQ(extent.offset, at);
            at = extent.end();
            if (extent.content == Content::zero) {
                EXPECT_TRUE(all_zero(ByteView(content).subspan(extent.offset, extent.length)));
            }
        }
        EXPECT_EQ(at, content.size());
    }
    void expect_qemu(Sequence sequence, const DiskKey& key, const Bytes& content) {
        const auto chain = store_->chain_files(test_collection(), sequence, key);
        const sys::Path raw = directory_.path() / "expected.raw";
        const auto file = world_.files.open(raw, sys::OpenMode::create);
        file->resize(0);
        file->write_at(0, content);
        const std::string top = chain.back().path.string();
        EXPECT_EQ(run("qemu-img check -q " + top), 0) << top;
        EXPECT_EQ(run("qemu-img compare -q -f qcow2 -F raw " + top + " " + raw.string()), 0) << top;
    }
    std::vector<std::uint64_t> sequences() {
        std::vector<std::uint64_t> list;
        for (const PointInfo& point : store_->points(test_collection()))
            list.push_back(point.sequence.value);
        return list;
    }
    RetentionPolicy only_newest() { return {0, {}, world_.clock.wall()}; }
    void maintain_fully(const RetentionPolicy& policy) {
        for (int i = 0; i < 100; ++i)
            if (!store_->maintain_once(test_collection(), policy).more) return;
        FAIL() << "upkeep finds no end";
    }
    sys::Path disk_directory(const std::string& target = "vda") const {
        return directory_.path() / "store" / test_collection().text() / test_vm().text() / target;
    }
    void expect_clean_scrub() {
        const ScrubReport report = store_->scrub(test_collection(), {});
        EXPECT_TRUE(report.complete);
        EXPECT_GT(report.bytes_read, 0u);
        for (const Finding& finding : report.findings)
            ADD_FAILURE() << finding.path << finding.text;
    }

    sys::World& world_ = sys::linux_world();
    TemporaryDirectory directory_;
    RawOpener opener_{world_.files};
    std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, AFirstPointIsItsFullCopyWithItsCut) {
    Feeder source = feeder();
    source.randomize(1);
    source.full(*store_, {1});
    EXPECT_EQ(sequences(), std::vector<std::uint64_t>{1});
    expect_point({1}, source.at({1}));
    const auto info = store_->newest(test_collection());
    ASSERT_TRUE(info);
    EXPECT_EQ(info->disks.size(), 2u);
    EXPECT_EQ(info->disks[0].size_bytes, 3 * mib + 512);
    EXPECT_EQ(info->vms, source.vms());
    EXPECT_GT(info->size_bytes, 0u);
    expect_clean_scrub();
}

TEST_F(StoreTest, EveryPointOfAHistoryReadsAsItWas) {
    Feeder source = feeder();
    source.randomize(2);
    source.full(*store_, {1});
    for (std::uint64_t sequence = 2; sequence <= 6; ++sequence) {
        source.change(sequence, 12);
        source.delta(*store_, {sequence});
    }
    for (std::uint64_t sequence = 1; sequence <= 6; ++sequence)
        expect_point({sequence}, source.at({sequence}));
    reopen();
    for (std::uint64_t sequence = 1; sequence <= 6; ++sequence)
        expect_point({sequence}, source.at({sequence}));
    expect_clean_scrub();
}

TEST_F(StoreTest, UpkeepFoldsAndMergesWithoutChangingWhatIsRetained) {
    Feeder source = feeder();
    source.randomize(3);
    source.full(*store_, {1});
    for (std::uint64_t sequence = 2; sequence <= 16; ++sequence) {
        source.change(sequence, 8);
        source.delta(*store_, {sequence});
    }
    store_->pin(test_collection(), {6}, "test");
    maintain_fully(only_newest());
    EXPECT_EQ(sequences(), (std::vector<std::uint64_t>{6, 16}));
    expect_point({6}, source.at({6}));
    expect_point({16}, source.at({16}));
    // What is below the pinned point is as it was; above it all is merged.
    EXPECT_EQ(store_->chain_files(test_collection(), {16}, source.key(0)).size(), 1u + 6 + 1);
    store_->unpin(test_collection(), {6}, "test");
    maintain_fully(only_newest());
    EXPECT_EQ(sequences(), std::vector<std::uint64_t>{16});
    expect_point({16}, source.at({16}));
    const auto chain = store_->chain_files(test_collection(), {16}, source.key(0));
    ASSERT_EQ(chain.size(), 2u);
    EXPECT_EQ(chain[0], (ChainFile{disk_directory() / "base.raw", "raw"}));
    EXPECT_EQ(chain[1], (ChainFile{disk_directory() / "p16.qcow2", "qcow2"}));
    EXPECT_THAT(world_.files.list(disk_directory()),
                testing::ElementsAre("base.raw", "base.sums", "p16.qcow2"));
    expect_clean_scrub();
}

// Readers keep what they opened while everything below them is replaced.
TEST_F(StoreTest, AnImageThatIsOpenReadsOnThroughUpkeep) {
    Feeder source = feeder();
    source.randomize(4);
    source.full(*store_, {1});
    for (std::uint64_t sequence = 2; sequence <= 9; ++sequence) {
        source.change(sequence, 8);
        source.delta(*store_, {sequence});
    }
    const auto image = store_->open_disk(test_collection(), {9}, source.key(0));
    maintain_fully(only_newest());
    EXPECT_TRUE(content_of(*image) == source.at({9}).at(source.key(0)));
}

// Random histories: growth, shrinking, points that come and go, restarts; what is retained always
// reads as the model.
TEST_F(StoreTest, RandomHistoriesKeepTheirPoints) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        std::mt19937_64 random(seed);
        if (seed > 1) store_->remove_collection(test_collection(), true);
        Feeder source = feeder(900 * kib + random() % 8 * 512);
        source.randomize(seed);
        source.full(*store_, {1});
        for (std::uint64_t sequence = 2; sequence <= 25; ++sequence) {
            if (random() % 6 == 0) source.resize(0, 600 * kib + random() % 1200 * 512);
            source.change(random(), random() % 20);
            source.delta(*store_, {sequence});
            if (random() % 4 == 0) reopen();
            const auto present = sequences();
            if (random() % 2 == 0 && present.size() > 1)
                store_->remove_point(test_collection(), {present[random() % (present.size() - 1)]});
            if (random() % 3 == 0) store_->shorten(test_collection(), {sequence}, 1 + random() % 5);
        }
        for (const std::uint64_t sequence : sequences())
            expect_content({sequence}, source.at({sequence}));
        expect_clean_scrub();
        maintain_fully(only_newest());
        store_->shorten(test_collection(), {25}, 1);
        expect_point({25}, source.at({25}));
        expect_clean_scrub();
    }
}

TEST_F(StoreTest, AFullCopyGoesOnWhereTheLastMarkWas) {
    Feeder source({{{test_vm(), "vda"}, 100 * mib}});
    source.randomize(5);
    auto sink = store_->receive();
    auto header = source.header({1}, {}, point::Bulk::full);
    EXPECT_TRUE(sink->open(header).fresh);
    source.write_data(*sink, 0, {0, 80 * mib});
    sink = store_->receive();
    point::ReceiveState state = sink->open(header);
    EXPECT_FALSE(state.fresh);
    EXPECT_EQ(state.bulk_done.at(0), 80 * mib);
    sink.reset();
    reopen();
    sink = store_->receive();
    state = sink->open(header);
    EXPECT_FALSE(state.fresh);
    EXPECT_EQ(state.bulk_done.at(0), 64 * mib);
    source.write_data(*sink, 0, {64 * mib, 36 * mib});
    source.cut_and_commit(*sink, {1});
    expect_point({1}, source.at({1}));
    expect_clean_scrub();
}

TEST_F(StoreTest, AnotherReceiveKeepsTheBaseAndComparesWithIt) {
    Feeder source = feeder();
    source.randomize(6);
    auto sink = store_->receive();
    sink->open(source.header({1}, {}, point::Bulk::full));
    source.write_data(*sink, 0, {0, 2 * mib});
    reopen();
    sink = store_->receive();
    const point::ReceiveState state = sink->open(source.header({1}, {}, point::Bulk::compare));
    EXPECT_TRUE(state.fresh);
    source.change(7, 5);
    // 2 MiB of the first disk are there, but for what changed.
    EXPECT_LT(source.compare(*sink, 0), 1600 * kib + 5 * 200 * kib);
    source.compare(*sink, 1);
    source.cut_and_commit(*sink, {1});
    expect_point({1}, source.at({1}));
    expect_clean_scrub();
}

TEST_F(StoreTest, ACompareAgainstAPointMakesALayer) {
    Feeder source = feeder();
    source.randomize(8);
    source.full(*store_, {1});
    source.change(9, 3);
    auto sink = store_->receive();
    sink->open(source.header({2}, {1}, point::Bulk::compare));
    EXPECT_LT(source.compare(*sink, 0), 2 * mib);
    source.compare(*sink, 1);
    EXPECT_EQ(source.compare(*sink, 0), 0u);
    source.cut_and_commit(*sink, {2});
    expect_point({1}, source.at({1}));
    expect_point({2}, source.at({2}));
}

TEST_F(StoreTest, ABrokenCutIsCoveredByTheNextOne) {
    Feeder source = feeder();
    source.randomize(10);
    source.full(*store_, {1});
    source.change(11, 10);
    auto sink = store_->receive();
    sink->open(source.header({2}, {1}, point::Bulk::none));
    const point::CutHeader broken = source.cut();
    EXPECT_EQ(sink->begin_cut(broken), 0u);
    source.write_changes(*sink, 0, 0, 3);
    EXPECT_EQ(sink->begin_cut(broken), 3u);
    source.change(12, 4);
    source.cut_and_commit(*sink, {2});
    expect_point({1}, source.at({1}));
    expect_point({2}, source.at({2}));
}

TEST_F(StoreTest, ACutNeedsAllOfTheBulk) {
    Feeder source({{{test_vm(), "vda"}, 2 * mib}});
    source.randomize(13);
    const auto header = source.header({1}, {}, point::Bulk::full);
    auto sink = store_->receive();
    sink->open(header);
    source.write_data(*sink, 0, {0, mib});
    EXPECT_EQ(code_of([&] { sink->begin_cut(source.cut()); }), Code::invalid_state);
    source.write_data(*sink, 0, {mib, mib});
    source.cut_and_commit(*sink, {1});
    expect_point({1}, source.at({1}));
}

// Chunks that came after such an opening used to be counted to the cut, and the bulk never ended.
TEST_F(StoreTest, AnOpenedReceiveTakesBulkAgain) {
    Feeder source = feeder();
    source.randomize(14);
    source.full(*store_, {1});
    source.change(15, 10);
    auto sink = store_->receive();
    const auto header = source.header({2}, {1}, point::Bulk::compare);
    sink->open(header);
    source.compare(*sink, 0);
    source.compare(*sink, 1);
    const point::CutHeader broken = source.cut();
    sink->begin_cut(broken);
    source.write_changes(*sink, 0, 0, 3);
    sink->open(header);
    source.write_data(*sink, 0, {0, 64 * kib});
    EXPECT_EQ(sink->begin_cut(broken), 0u);
    source.cut_and_commit(*sink, {2});
    expect_point({1}, source.at({1}));
    expect_point({2}, source.at({2}));
}

TEST_F(StoreTest, ACommitIsAnsweredAgainAfterARestart) {
    Feeder source = feeder();
    source.randomize(13);
    source.full(*store_, {1});
    source.change(14, 3);
    const auto header = source.delta(*store_, {2});
    reopen();
    auto sink = store_->receive();
    EXPECT_TRUE(sink->open(header).committed);
    sink->commit({});
    EXPECT_EQ(sequences(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(StoreTest, WhatDoesNotFitIsRefused) {
    Feeder source = feeder();
    source.randomize(15);
    source.full(*store_, {5});
    const auto code_of_open = [&](const point::ReceiveHeader& header) {
        try {
            store_->receive()->open(header);
        } catch (const Error& error) {
            return error.code();
        }
        return Code::stopped;
    };
    EXPECT_EQ(code_of_open(source.header({6}, {4}, point::Bulk::none)), Code::invalid_state);
    EXPECT_EQ(code_of_open(source.header({5}, {5}, point::Bulk::none)), Code::invalid_state);
    auto header = source.header({6}, {5}, point::Bulk::none);
    header.disks[1].shape.key.target = "../vda";
    EXPECT_EQ(code_of_open(header), Code::invalid_parameter);
    header.disks[1] = header.disks[0];
    EXPECT_EQ(code_of_open(header), Code::invalid_parameter);
    header.disks.clear();
    EXPECT_EQ(code_of_open(header), Code::invalid_parameter);
    header = source.header({6}, {5}, point::Bulk::none);
    header.disks[1].shape.key.target = "vdz";
    EXPECT_EQ(code_of_open(header), Code::invalid_state);
    expect_point({5}, source.at({5}));
}

TEST_F(StoreTest, ACommitWithAWrongTrailerIsRefused) {
    Feeder source = feeder();
    source.randomize(16);
    auto sink = store_->receive();
    sink->open(source.header({1}, {}, point::Bulk::full));
    source.write_data(*sink, 0, {0, source.size(0)});
    EXPECT_THROW(sink->commit({}), Error);
    EXPECT_THROW(sink->begin_cut(source.cut()), Error) << "the second disk is not there";
    EXPECT_THROW(sink->commit({0, Xxh3().value()}), Error);
    source.write_data(*sink, 1, {0, source.size(1)});
    sink->begin_cut(source.cut());
    EXPECT_THROW(sink->commit({0, 1}), Error);
    EXPECT_THROW(sink->commit({1, Xxh3().value()}), Error);
    EXPECT_TRUE(sequences().empty());
}

TEST_F(StoreTest, TheLastSinkToOpenHasTheReceive) {
    Feeder source = feeder();
    source.randomize(17);
    const auto header = source.header({1}, {}, point::Bulk::full);
    auto first = store_->receive();
    first->open(header);
    source.write_data(*first, 0, {0, mib});
    auto second = store_->receive();
    EXPECT_EQ(second->open(header).bulk_done.at(0), mib);
    EXPECT_THROW(source.write_data(*first, 0, {mib, mib}), Error);
    store_->drop_receive(test_collection());
    EXPECT_THROW(source.write_data(*second, 0, {mib, mib}), Error);
}

TEST_F(StoreTest, ADiskMayComeGoAndComeBack) {
    Feeder source({{{test_vm(), "vda"}, mib}, {{test_vm(), "vdb"}, mib}});
    source.randomize(18);
    source.full(*store_, {1});
    Feeder alone({{{test_vm(), "vda"}, mib}});
    alone.set_content(0, source.at({1}).at(source.key(0)));
    alone.delta(*store_, {2}, Sequence{1});
    source.randomize(19);
    auto sink = store_->receive();
    auto header = source.header({3}, {2}, point::Bulk::full);
    sink->open(header);
    source.write_data(*sink, 0, {0, mib});
    source.write_data(*sink, 1, {0, mib});
    source.cut_and_commit(*sink, {3});
    expect_point({1}, source.at({1}));
    EXPECT_EQ(store_->points(test_collection())[1].disks.size(), 1u);
    EXPECT_THROW(store_->open_disk(test_collection(), {2}, source.key(1)), Error);
    expect_point({3}, source.at({3}));
    EXPECT_TRUE(world_.files.exists(disk_directory("vdb.2")));
    maintain_fully(only_newest());
    expect_point({3}, source.at({3}));
    EXPECT_FALSE(world_.files.exists(disk_directory("vdb")));
    expect_clean_scrub();
}

TEST_F(StoreTest, AnAdoptedImageIsABaseThatNobodyWrites) {
    const sys::Path image = directory_.path() / "own.raw";
    Feeder source({{{test_vm(), "vda"}, 2 * mib}});
    source.randomize(20);
    world_.files.open(image, sys::OpenMode::create)->write_at(0, source.content(0));
    const Bytes before = source.content(0);
    store_->adopt(test_collection(), source.info({7}), {{source.key(0), 2 * mib, image, "raw"}});
    store_->adopt(test_collection(), source.info({7}), {{source.key(0), 2 * mib, image, "raw"}});
    expect_point({7}, source.at({7}));
    for (std::uint64_t sequence = 8; sequence <= 15; ++sequence) {
        source.change(sequence, 5);
        source.delta(*store_, {sequence});
    }
    maintain_fully(only_newest());
    // The tail stays until somebody removes it.
    EXPECT_EQ(sequences(), (std::vector<std::uint64_t>{7, 15}));
    expect_point({7}, source.at({7}));
    store_->remove_point(test_collection(), {7});
    store_->shorten(test_collection(), {15}, 1);
    expect_point({15}, source.at({15}));
    const auto chain = store_->chain_files(test_collection(), {15}, source.key(0));
    EXPECT_EQ(chain,
              (std::vector<ChainFile>{{image, "raw"}, {disk_directory() / "p15.qcow2", "qcow2"}}));
    EXPECT_TRUE(sys::read_file(world_.files, image, 4 * mib) == before);
    expect_clean_scrub();
}

TEST_F(StoreTest, AdoptingLetsGoOfTheOldChainAndLeavesItsFiles) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(21);
    source.full(*store_, {1});
    const sys::Path old_base = disk_directory() / "base.raw";
    const sys::Path image = directory_.path() / "own.raw";
    source.change(22, 5);
    world_.files.open(image, sys::OpenMode::create)->write_at(0, source.content(0));
    store_->adopt(test_collection(), source.info({4}), {{source.key(0), mib, image, "raw"}});
    EXPECT_EQ(sequences(), std::vector<std::uint64_t>{4});
    reopen();
    expect_point({4}, source.at({4}));
    EXPECT_TRUE(world_.files.exists(old_base));
    store_->remove_collection(test_collection(), true);
    EXPECT_FALSE(world_.files.exists(old_base));
    EXPECT_TRUE(world_.files.exists(image));
    EXPECT_TRUE(store_->collections().empty());
}

TEST_F(StoreTest, ACollectionMayBeRemovedAndItsFilesStay) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(23);
    source.full(*store_, {1});
    store_->remove_collection(test_collection(), false);
    EXPECT_TRUE(store_->points(test_collection()).empty());
    reopen();
    EXPECT_TRUE(world_.files.exists(disk_directory() / "p1.qcow2"));
    source.full(*store_, {1});
    expect_point({1}, source.at({1}));
    EXPECT_NE(store_->chain_files(test_collection(), {1}, source.key(0))[0].path,
              disk_directory() / "base.raw");
}

TEST_F(StoreTest, OrphansGoAndForeignFilesStay) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(24);
    source.full(*store_, {1});
    const auto place = [&](const std::string& name) {
        world_.files.open(disk_directory() / name, sys::OpenMode::create)->write_at(0, Bytes(100));
    };
    place("p2.qcow2");
    place("merging-p1.qcow2");
    place("incoming-11111111-2222-4333-8444-555555555555.qcow2");
    place("notes.txt");
    reopen();
    EXPECT_THAT(world_.files.list(disk_directory()),
                testing::ElementsAre("base.raw", "base.sums", "notes.txt", "p1.qcow2"));
    expect_point({1}, source.at({1}));
}

TEST_F(StoreTest, ScrubFindsFlippedLostAndMisplaced) {
    Feeder source({{{test_vm(), "vda"}, mib}, {{test_vm(), "vdb"}, mib}});
    source.randomize(25);
    source.full(*store_, {1});
    for (std::uint64_t sequence = 2; sequence <= 4; ++sequence) {
        for (const std::size_t disk : {0, 1})
            source.overwrite(disk, {sequence * 128 * kib, 64 * kib}, sequence);
        source.delta(*store_, {sequence});
    }
    expect_clean_scrub();
    const std::byte wrong[] = {std::byte{0xaa}};
    world_.files.open(disk_directory() / "base.raw", sys::OpenMode::write)
        ->write_at(200 * kib, wrong);
    world_.files.open(disk_directory() / "base.raw", sys::OpenMode::write)
        ->punch({512 * kib, 64 * kib});
    world_.files.open(disk_directory() / "p2.qcow2", sys::OpenMode::write)
        ->write_at(64 * kib + 1, wrong);
    world_.files.remove(disk_directory() / "p4.qcow2");
    std::filesystem::copy_file(disk_directory() / "p3.qcow2", disk_directory("vdb") / "p3.qcow2",
                               std::filesystem::copy_options::overwrite_existing);
    const ScrubReport report = store_->scrub(test_collection(), {});
    EXPECT_TRUE(report.complete);
    const auto count = [&](Damage damage, const sys::Path& path) {
        return std::ranges::count_if(report.findings, [&](const Finding& finding) {
            return finding.damage == damage && finding.path == path;
        });
    };
    EXPECT_EQ(report.findings.size(), 5u);
    EXPECT_EQ(count(Damage::flipped, disk_directory() / "base.raw"), 1);
    EXPECT_EQ(count(Damage::lost, disk_directory() / "base.raw"), 1);
    EXPECT_EQ(count(Damage::flipped, disk_directory() / "p2.qcow2"), 1);
    EXPECT_EQ(count(Damage::lost, disk_directory() / "p4.qcow2"), 1);
    EXPECT_EQ(count(Damage::misplaced, disk_directory("vdb") / "p3.qcow2"), 1);
    EXPECT_EQ(report.findings[0].points.size(), 4u);
}

// A fold writes half a block: the damaged half must not get a good checksum.
TEST_F(StoreTest, UpkeepDoesNotSpreadDamage) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(26);
    source.full(*store_, {1});
    source.overwrite(0, {4 * kib, 4 * kib}, 27);
    source.delta(*store_, {2});
    const std::byte wrong[] = {std::byte{0xaa}, std::byte{0xab}};
    world_.files.open(disk_directory() / "base.raw", sys::OpenMode::write)
        ->write_at(50 * kib, wrong);
    store_->remove_point(test_collection(), {1});
    EXPECT_THROW(store_->shorten(test_collection(), {2}, 1), Error);
    EXPECT_EQ(store_->scrub(test_collection(), {}).findings.size(), 1u);
}

TEST_F(StoreTest, ANearlyFullDiskRefusesNewWorkOnly) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(28);
    source.full(*store_, {1});
    store_.reset();
    store_ = std::make_unique<Store>(world_, directory_.path(), opener_, Options{1.1});
    try {
        store_->receive()->open(source.header({2}, {1}, point::Bulk::none));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::no_space) << error.what();
    }
    expect_point({1}, source.at({1}));
}

TEST_F(StoreTest, AStoreIsOpenOnce) {
    EXPECT_THROW(Store(world_, directory_.path(), opener_), Error);
}

TEST_F(StoreTest, PinnedAndNewestPointsAreNotRemoved) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(29);
    source.full(*store_, {1});
    source.change(30, 2);
    source.delta(*store_, {2});
    store_->pin(test_collection(), {1}, "failover");
    store_->pin(test_collection(), {1}, "failover");
    EXPECT_THROW(store_->remove_point(test_collection(), {1}), Error);
    EXPECT_THROW(store_->remove_point(test_collection(), {2}), Error);
    EXPECT_THROW(store_->remove_point(test_collection(), {3}), Error);
    EXPECT_THROW(store_->pin(test_collection(), {3}, "failover"), Error);
    reopen();
    EXPECT_TRUE(store_->maintain_once(test_collection(), only_newest()).dropped.empty());
    store_->unpin(test_collection(), {1}, "failover");
    EXPECT_EQ(store_->maintain_once(test_collection(), only_newest()).dropped,
              std::vector<Sequence>{{1}});
}

TEST_F(StoreTest, UpkeepStopsWhenAskedAndGoesOnLater) {
    Feeder source = feeder();
    source.randomize(31);
    source.full(*store_, {1});
    for (std::uint64_t sequence = 2; sequence <= 9; ++sequence) {
        source.change(sequence, 8);
        source.delta(*store_, {sequence});
    }
    int pieces = 0;
    point::Filters stopping;
    stopping.stopped = [&] { return ++pieces > 5; };
    EXPECT_THROW(store_->maintain_once(test_collection(), only_newest(), stopping), Error);
    expect_point({9}, source.at({9}));
    reopen();
    expect_point({9}, source.at({9}));
    maintain_fully(only_newest());
    expect_point({9}, source.at({9}));
    expect_clean_scrub();
}

}  // namespace
}  // namespace reviver::store
