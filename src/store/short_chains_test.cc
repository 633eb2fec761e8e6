// Chains stay short whatever is retained, and whatever they go through reads as the point.
#include "base/error.h"
#include "store/compaction.h"
#include "store/feeder_test_support.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace reviver::store {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

class ShortChains : public testing::Test {
  protected:
    ShortChains() { reopen({0.0}); }

    void reopen(Options options) {
        store_.reset();
        store_ = std::make_unique<Store>(world_, directory_.path(), opener_, options);
    }
    static RetentionPolicy keep_all() {
        return {24, std::chrono::hours(10'000'000), sys::WallTime(), 100'000};
    }
    static RetentionPolicy keep_newest() { return {0, {}, sys::WallTime(), 0}; }
    void maintain(const RetentionPolicy& policy = keep_all()) {
        for (int i = 0; i < 1000; ++i)
            if (!store_->maintain_once(test_collection(), policy).more) return;
        FAIL() << "upkeep finds no end";
    }
    // `count` points, with upkeep behind each `every`th.
    void history(Feeder& source, std::uint64_t count, std::uint64_t every) {
        source.randomize(1);
        source.full(*store_, {1});
        for (std::uint64_t sequence = 2; sequence <= count; ++sequence) {
            source.change(sequence, 3);
            source.delta(*store_, {sequence});
            if (sequence % every == 0) maintain();
        }
    }
    std::size_t layers(std::uint64_t sequence, const DiskKey& key) {
        return store_->chain_files(test_collection(), {sequence}, key).size() - 1;
    }
    std::size_t longest(const Feeder& source) {
        std::size_t most = 0;
        for (const PointInfo& point : store_->points(test_collection()))
            for (const DiskShape& shape : point.disks)
                most = std::max(most, layers(point.sequence.value, shape.key));
        EXPECT_FALSE(source.key(0).target.empty());
        return most;
    }
    void expect_points(const Feeder& source) {
        for (const PointInfo& point : store_->points(test_collection()))
            for (const auto& [key, content] : source.at(point.sequence)) {
                const auto image = store_->open_disk(test_collection(), point.sequence, key);
                EXPECT_TRUE(content_of(*image) == content)
                    << point.sequence.value << " " << key.text();
            }
    }
    // What stock QEMU says of every file of a point's chain, and of the chain as a whole.
    void expect_qemu(const Feeder& source, std::uint64_t sequence, const DiskKey& key) {
        const auto chain = store_->chain_files(test_collection(), {sequence}, key);
        for (std::size_t i = 1; i < chain.size(); ++i)
            EXPECT_EQ(run("qemu-img check -q " + chain[i].path.string()), 0) << chain[i].path;
        const sys::Path raw = directory_.path() / "expected.raw";
        const auto file = world_.files.open(raw, sys::OpenMode::create);
        file->resize(0);
        file->write_at(0, source.at({sequence}).at(key));
        EXPECT_EQ(run("qemu-img compare -q -f qcow2 -F raw " + chain.back().path.string() + " " +
                      raw.string()),
                  0)
            << sequence;
    }
    sys::Path disk_directory() const {
        return directory_.path() / "store" / test_collection().text() / test_vm().text() / "vda";
    }
    void expect_clean_scrub() {
        const ScrubReport report = store_->scrub(test_collection(), {});
        EXPECT_TRUE(report.complete);
        for (const Finding& finding : report.findings)
            ADD_FAILURE() << finding.path << finding.text;
    }

    sys::World& world_ = sys::linux_world();
    TemporaryDirectory directory_;
    RawOpener opener_{world_.files};
    std::unique_ptr<Store> store_;
};

TEST_F(ShortChains, OfHundredPointsThatAllStayNoneHasMoreThanEightFiles) {
    Feeder source({{{test_vm(), "vda"}, mib + 512}, {{test_vm(), "vdb"}, 300 * kib}});
    history(source, 100, 1);
    EXPECT_EQ(store_->points(test_collection()).size(), 100u);
    EXPECT_LE(longest(source), 7u);
    expect_points(source);
    for (std::uint64_t sequence = 1; sequence <= 100; sequence += 9)
        for (const std::size_t disk : {0, 1}) expect_qemu(source, sequence, source.key(disk));
    expect_clean_scrub();
    reopen({0.0});
    expect_points(source);
    maintain(keep_newest());
    EXPECT_LE(longest(source), 1 + dead_layers_waiting_max);
    EXPECT_EQ(store_->shorten(test_collection(), {100}, 1), 1u);
    expect_points(source);
    EXPECT_EQ(world_.files.list(disk_directory()),
              (std::vector<std::string>{"base.raw", "base.sums", "p100.qcow2"}));
    expect_clean_scrub();
}

// A failover comes when upkeep has not been at work for long: pinning makes up for it.
TEST_F(ShortChains, PinningBringsAChainToItsLength) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    history(source, 40, 1000);
    EXPECT_EQ(layers(40, source.key(0)), 40u);
    store_->pin(test_collection(), {30}, "failover");
    for (std::uint64_t sequence = 1; sequence <= 30; ++sequence)
        EXPECT_LE(layers(sequence, source.key(0)), Options().chain_layers_max) << sequence;
    expect_qemu(source, 30, source.key(0));
    const auto pinned = store_->chain_files(test_collection(), {30}, source.key(0));
    maintain();
    EXPECT_EQ(store_->chain_files(test_collection(), {30}, source.key(0)), pinned);
    EXPECT_LE(longest(source), Options().chain_layers_max);
    expect_points(source);
    expect_clean_scrub();
}

TEST_F(ShortChains, APointIsPinnedWhateverItsChain) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    history(source, 20, 1000);
    reopen({1.1});  // no room for copies
    store_->pin(test_collection(), {20}, "failover");
    EXPECT_EQ(layers(20, source.key(0)), 20u);
    expect_points(source);
}

TEST_F(ShortChains, WhenRoomIsScarceNothingIsKeptTwice) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    history(source, 20, 1000);
    reopen({0.51});  // below twice the reserve, if not below the reserve
    try {
        maintain();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::no_space) << error.what();
    }
    EXPECT_EQ(layers(20, source.key(0)), 20u);
}

// Points come and go, disks grow and shrink by sectors, pins come and go, the store opens anew.
TEST_F(ShortChains, RandomHistoriesReadAsTheyWere) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        std::mt19937_64 random(seed);
        if (seed > 1) store_->remove_collection(test_collection(), true);
        Feeder source({{{test_vm(), "vda"}, 500 * kib + random() % 9 * 512}});
        source.randomize(seed);
        source.full(*store_, {1});
        Sequence pinned;  // 0: none
        for (std::uint64_t sequence = 2; sequence <= 70; ++sequence) {
            if (random() % 5 == 0) source.resize(0, 300 * kib + random() % 900 * 512);
            source.change(random(), random() % 6);
            source.delta(*store_, {sequence});
            const auto points = store_->points(test_collection());
            const Sequence any = points[random() % points.size()].sequence;
            if (random() % 8 == 0) reopen({0.0, 4 + random() % 5});
            if (random() % 3 == 0 && any.value != sequence && any != pinned)
                store_->remove_point(test_collection(), any);
            if (pinned.value != 0 && random() % 6 == 0) {
                store_->unpin(test_collection(), pinned, "test");
                pinned = {};
            } else if (pinned.value == 0 && random() % 10 == 0) {
                pinned = store_->points(test_collection()).back().sequence;
                store_->pin(test_collection(), pinned, "test");
            }
            if (random() % 2 == 0) maintain();
        }
        expect_points(source);
        expect_clean_scrub();
        if (pinned.value != 0) expect_qemu(source, pinned.value, source.key(0));
        expect_qemu(source, 70, source.key(0));
        reopen({0.0});
        maintain();
        expect_points(source);
        EXPECT_LE(longest(source), Options().chain_layers_max);
        if (pinned.value != 0) store_->unpin(test_collection(), pinned, "test");
        maintain(keep_newest());
        expect_points(source);
        expect_qemu(source, 70, source.key(0));
        expect_clean_scrub();
    }
}

// A smaller disk in the middle of a run ends within a subcluster: half of it is what that disk
// said, half zeros, whatever is below.
TEST_F(ShortChains, ASeamWithinASubclusterIsKept) {
    Feeder source({{{test_vm(), "vda"}, 256 * kib}});
    source.set_content(0, random_bytes(1, 256 * kib));
    source.full(*store_, {1});
    source.resize(0, 100 * kib + 512);
    source.delta(*store_, {2});
    source.resize(0, 200 * kib);
    source.delta(*store_, {3});
    store_->pin(test_collection(), {1}, "test");
    EXPECT_EQ(store_->shorten(test_collection(), {3}, 2), 2u);
    expect_points(source);
    for (const std::uint64_t sequence : {1, 2, 3}) expect_qemu(source, sequence, source.key(0));
    expect_clean_scrub();
}

// Point 4 stands on the base alone, which later gets longer with what point 2 had there.
TEST_F(ShortChains, ABaseThatGrowsIsNotSeenByWhatStandsOnIt) {
    Feeder source({{{test_vm(), "vda"}, 64 * kib}});
    source.randomize(1);
    source.full(*store_, {1});
    source.resize(0, 256 * kib);
    source.overwrite(0, {200 * kib, 8 * kib}, 2);
    source.delta(*store_, {2});
    source.resize(0, 64 * kib);
    source.delta(*store_, {3});
    source.resize(0, 256 * kib);
    source.delta(*store_, {4});
    EXPECT_EQ(store_->shorten(test_collection(), {4}, 1), 1u);
    store_->remove_point(test_collection(), {1});
    maintain();
    EXPECT_EQ(layers(2, source.key(0)), 1u);
    expect_points(source);
    for (const std::uint64_t sequence : {2, 3, 4}) expect_qemu(source, sequence, source.key(0));
    expect_clean_scrub();
}

TEST_F(ShortChains, ADamagedBranchIsFoundInItsPointsAlone) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    source.randomize(1);
    source.full(*store_, {1});
    for (std::uint64_t sequence = 2; sequence <= 4; ++sequence) {
        source.overwrite(0, {sequence * 64 * kib, 4 * kib}, sequence);
        source.delta(*store_, {sequence});
    }
    EXPECT_EQ(store_->shorten(test_collection(), {4}, 2), 2u);  // 4 passes by 2 and 3 now
    const std::byte wrong[] = {std::byte{0xaa}};
    world_.files.open(disk_directory() / "p2.qcow2", sys::OpenMode::write)
        ->write_at(64 * kib + 1, wrong);
    const ScrubReport report = store_->scrub(test_collection(), {});
    ASSERT_EQ(report.findings.size(), 1u);
    EXPECT_EQ(report.findings[0].points, (std::vector<Sequence>{{2}, {3}}));
    EXPECT_TRUE(content_of(*store_->open_disk(test_collection(), {4}, source.key(0))) ==
                source.at({4}).at(source.key(0)));
}

TEST_F(ShortChains, AnInterruptedMergeIsBegunAgain) {
    Feeder source({{{test_vm(), "vda"}, mib}});
    history(source, 20, 1000);
    int pieces = 0;
    point::Filters stopping;
    stopping.stopped = [&] { return ++pieces > 3; };
    EXPECT_THROW(store_->maintain_once(test_collection(), keep_all(), stopping), Error);
    expect_points(source);
    maintain();
    EXPECT_LE(longest(source), 7u);
    expect_points(source);
}

TEST_F(ShortChains, UpkeepCopiesNoFasterThanItMay) {
    constexpr std::uint64_t rate = 4 * mib;
    constexpr std::uint64_t burst = mib;
    Feeder source({{{test_vm(), "vda"}, 4 * mib}});
    source.randomize(1);
    source.full(*store_, {1});
    for (std::uint64_t sequence = 2; sequence <= 9; ++sequence) {
        source.overwrite(0, {(sequence - 2) * 400 * kib, 400 * kib}, sequence);
        source.delta(*store_, {sequence});
    }
    Options options{0.0};
    options.upkeep_bytes_per_second_max = rate;
    reopen(options);
    const sys::MonoTime begun = world_.clock.mono();
    std::uint64_t copied = 0;
    for (bool more = true; more;) {
        const Upkeep done = store_->maintain_once(test_collection(), keep_all());
        copied += done.bytes_copied;
        more = done.more;
    }
    const std::chrono::duration<double> took = world_.clock.mono() - begun;
    EXPECT_GE(copied, 7 * 400 * kib);
    EXPECT_GE(took.count(), static_cast<double>(copied - burst) / rate);
    expect_points(source);
}

TEST_F(ShortChains, TooShortALimitIsRefused) {
    store_.reset();
    EXPECT_THROW(reopen({0.0, chain_layers_least - 1}), Error);
}

}  // namespace
}  // namespace reviver::store
