// A disk that is in no point yet is copied bit by bit, while points of the other disks are made.
#include "store/receive.h"

#include "store/feeder_test_support.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <gtest/gtest.h>

namespace reviver::store {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t copy_number = 77;

class CopyBitByBit : public testing::Test {
  protected:
    CopyBitByBit() {
        reopen();
        old_.randomize(1);
        new_.randomize(2);
        old_.full(*store_, {1});
    }

    void reopen() {
        store_.reset();
        store_ = std::make_unique<Store>(world_, directory_.path(), opener_, Options{0.0});
    }
    // A receive of the new disk alone, which is never cut.
    point::ReceiveHeader slice(Sequence parent, std::uint64_t copy = copy_number) {
        auto header = new_.header(parent.next(), parent, point::Bulk::full);
        header.disks[0].copy = copy;
        return header;
    }
    std::uint64_t done(const point::ReceiveHeader& header) {
        return store_->receive()->open(header).bulk_done.at(0);
    }
    // Both disks, the new one as it was copied.
    point::ReceiveHeader both(Sequence parent) {
        auto header = old_.header(parent.next(), parent, point::Bulk::none);
        header.disks.push_back(slice(parent).disks[0]);
        return header;
    }
    void upkeep() { store_->maintain_once(test_collection(), {24, {}, world_.clock.wall()}); }
    bool is_there(const std::string& target) {
        return world_.files.exists(directory_.path() / "store" / test_collection().text() /
                                   test_vm().text() / target);
    }

    sys::World& world_ = sys::linux_world();
    TemporaryDirectory directory_;
    RawOpener opener_{world_.files};
    std::unique_ptr<Store> store_;
    Feeder old_{{{{test_vm(), "vda"}, mib}}};
    Feeder new_{{{{test_vm(), "vdc"}, 10 * mib}}};
};

TEST_F(CopyBitByBit, WhatWasCopiedIsGoneOnWithAfterPointsOfOtherDisks) {
    auto sink = store_->receive();
    EXPECT_EQ(sink->open(slice({1})).bulk_done.at(0), 0u);
    new_.write_data(*sink, 0, {0, 3 * mib});
    old_.change(3, 4);
    old_.delta(*store_, {2});
    upkeep();
    sink = store_->receive();
    ASSERT_EQ(sink->open(slice({2})).bulk_done.at(0), 3 * mib);
    new_.change(4, 4);
    new_.write_data(*sink, 0, {3 * mib, 7 * mib});
    old_.change(5, 4);
    old_.delta(*store_, {3});
    reopen();
    sink = store_->receive();
    const auto state = sink->open(both({3}));
    ASSERT_EQ(state.bulk_done.at(1), 10 * mib);
    new_.change(6, 4);

    point::CutDigest digest;
    sink->begin_cut(new_.cut());
    for (const Range& range : new_.changed(0).ranges()) {
        point::Chunk chunk{1, {{range.offset, range.length, Content::data}}, {}};
        chunk.payload = ByteView(new_.content(0)).subspan(range.offset, range.length);
        sink->write(chunk);
        digest.add(point::checksum_of(chunk));
    }
    sink->commit(digest.trailer());
    const auto image = store_->open_disk(test_collection(), {4}, new_.key(0));
    EXPECT_TRUE(content_of(*image) == new_.content(0));
    EXPECT_EQ(store_->points(test_collection()).back().disks.size(), 2u);
    EXPECT_TRUE(store_->scrub(test_collection(), {}).findings.empty());
}

// An empty disk is all there, though nothing of it takes any room.
TEST_F(CopyBitByBit, ZerosAreGoneOnWithToo) {
    auto sink = store_->receive();
    sink->open(slice({1}));
    sink->write({0, {{0, 10 * mib, Content::zero}}, {}});
    old_.delta(*store_, {2});
    EXPECT_EQ(done(slice({2})), 10 * mib);
}

// A crash leaves what was marked, and the process had not come to mark more.
TEST_F(CopyBitByBit, ARestartLeavesWhatWasMarked) {
    auto sink = store_->receive();
    sink->open(slice({1}));
    new_.write_data(*sink, 0, {0, 3 * mib});
    old_.delta(*store_, {2});
    sink = store_->receive();
    sink->open(slice({2}));
    new_.write_data(*sink, 0, {3 * mib, 2 * mib});
    reopen();
    EXPECT_EQ(done(slice({2})), 3 * mib);
}

TEST_F(CopyBitByBit, AnotherCopyBeginsAnewAndIsTheOneFromThenOn) {
    const auto sink = store_->receive();
    sink->open(slice({1}));
    new_.write_data(*sink, 0, {0, 3 * mib});
    EXPECT_EQ(done(slice({1}, 78)), 0u);
    EXPECT_EQ(done(slice({1})), 0u);
}

TEST_F(CopyBitByBit, UpkeepRemovesWhatIsNotKept) {
    const auto sink = store_->receive();
    sink->open(slice({1}));
    new_.write_data(*sink, 0, {0, 3 * mib});
    old_.delta(*store_, {2});
    store_->keep_copies(test_collection(), {new_.key(0)});
    upkeep();
    EXPECT_TRUE(is_there("vdc"));
    store_->keep_copies(test_collection(), {});
    upkeep();
    EXPECT_FALSE(is_there("vdc"));
    EXPECT_EQ(done(slice({2})), 0u);
}

}  // namespace
}  // namespace reviver::store
