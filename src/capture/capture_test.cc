// What ordinary operation brings, one thing a test: stopping, starting, killing, resizing, a daemon
// that restarts, a scratch that is full, somebody else's NBD server.
#include "capture/capture.h"

#include "capture/capture_fixture.h"
#include "capture/changes.h"
#include "capture/names.h"

#include <gtest/gtest.h>

#include <utility>

namespace reviver::capture {
namespace {

using point::Bulk;

TEST_F(CaptureTest, FirstPointThenOnlyWhatChanged) {
    const auto vm = add_vm("a", {"qcow2", "raw"});
    machines_.start(vm);
    write(vm, 0, 0, 3 * MiB, 1);
    write(vm, 1, 5 * MiB + 512, 1024, 2);
    cycle();
    EXPECT_EQ(bulks_, 2);
    write(vm, 0, 1 * MiB, 4096, 3);
    write(vm, 1, 7 * MiB, 8192, 4);
    cycle();
    EXPECT_EQ(bulks_, 2);
    EXPECT_EQ(received_bytes_, 4096u + 8192u);
    cycle();
    EXPECT_EQ(received_bytes_, 0u);
    EXPECT_EQ(nodes_of(vm), std::vector<std::string>());
}

TEST_F(CaptureTest, WhatIsWrittenWhileTheCutIsReadBelongsToTheNextPoint) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    cycle();
    for (int i = 0; i < 8; ++i) write(vm, 0, i * MiB, MiB / 2, 10 + i);
    int n = 0;
    begin_cycle();
    make_cut();
    for (int i = 0; i < 8; ++i) write(vm, 0, i * MiB + 4096, 65536, 100 + i);
    read_cut([&] {
        ++n;
        write(vm, 0, (7 - n % 8) * MiB, 12288, 200 + n);
    });
    commit();
    capture_->finish(std::move(cut_), true);
    cycle();
}

TEST_F(CaptureTest, ZerosTravelAsZeros) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    write(vm, 0, 0, 8 * MiB, 5);
    cycle();
    write(vm, 0, 0, 4 * MiB, 0);
    cycle();
    EXPECT_EQ(received_bytes_, 0u);
}

TEST_F(CaptureTest, AbandonedCutsAreCoveredByTheNext) {
    const auto vm = add_vm("a", {"qcow2", "raw"});
    machines_.start(vm);
    cycle();
    for (int i = 1; i < 4; ++i) {
        write(vm, 0, i * MiB, 4096, i);
        write(vm, 1, i * MiB, 4096, i);
        begin_cycle();
        make_cut();
        capture_->finish(std::move(cut_), false);
    }
    cycle();
    EXPECT_EQ(bulks_, 2);
    EXPECT_EQ(received_bytes_, 6 * 4096u);
    EXPECT_EQ(bitmaps_of(vm).size(), 2u);
}

TEST_F(CaptureTest, ARestartedDaemonGoesOn) {
    const auto vm = add_vm("a", {"qcow2", "raw"});
    machines_.start(vm);
    cycle();
    write(vm, 0, MiB, 4096, 1);
    begin_cycle();
    make_cut();
    restart_daemon();  // with a cut open: filters, exports and scratch images are still there
    write(vm, 0, 2 * MiB, 4096, 2);
    cycle();
    EXPECT_EQ(bulks_, 2);
    EXPECT_EQ(received_bytes_, 8192u);
    begin_cycle();
    make_cut();
    read_cut();
    commit();
    restart_daemon();  // acknowledged, but it did not get to know
    write(vm, 1, 3 * MiB, 4096, 3);
    cycle();
    EXPECT_EQ(received_bytes_, 4096u);
    EXPECT_EQ(nodes_of(vm), std::vector<std::string>());
}

TEST_F(CaptureTest, ABulkThatWasInterruptedContinuesOrBeginsAnew) {
    const auto vm = add_vm("a", {"qcow2"}, 32 * MiB);
    machines_.start(vm);
    write(vm, 0, 0, 32 * MiB, 1);
    int chunks = 0;
    EXPECT_FALSE(begin_cycle([&] { return ++chunks == 5; }));
    write(vm, 0, 0, 8192, 2);  // in what was copied
    restart_daemon();
    const auto receive = preparation_.receive;
    begin_cycle();
    EXPECT_EQ(preparation_.receive, receive);
    make_cut();
    read_cut();
    commit();
    capture_->finish(std::move(cut_), true);
    machines_.flush(vm);
    machines_.kill(vm);
    machines_.start(vm);
    EXPECT_FALSE(begin_cycle([] { return true; }));
    EXPECT_EQ(preparation_.bulks, std::vector{Bulk::compare});
    const auto interrupted = preparation_.receive;
    machines_.flush(vm);
    machines_.kill(vm);
    machines_.start(vm);
    begin_cycle();
    EXPECT_EQ(preparation_.bulks, std::vector{Bulk::compare});
    EXPECT_NE(preparation_.receive, interrupted);
}

TEST_F(CaptureTest, StoppingAndStartingLosesNothing) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    write(vm, 0, 0, 65536, 1);
    cycle();
    write(vm, 0, MiB, 4096, 2);
    machines_.power_off(vm);
    cycle();  // read from the image, by the bitmap in it
    EXPECT_EQ(received_bytes_, 4096u);
    cycle();
    EXPECT_EQ(received_bytes_, 0u);
    restart_daemon();
    cycle();
    EXPECT_EQ(received_bytes_, 0u);
    machines_.start(vm);
    write(vm, 0, 2 * MiB, 4096, 3);
    cycle();
    write(vm, 0, 3 * MiB, 4096, 4);
    cycle();
    EXPECT_EQ(received_bytes_, 4096u);
    EXPECT_EQ(bulks_, 1);
}

TEST_F(CaptureTest, AVmThatIsOffFromTheBeginning) {
    const auto vm = add_vm("a", {"qcow2", "raw"});
    machines_.start(vm);
    write(vm, 0, MiB, 65536, 9);
    write(vm, 1, MiB, 65536, 8);
    machines_.power_off(vm);
    cycle();
    EXPECT_EQ(bulks_, 2);
    cycle();
    EXPECT_EQ(bulks_, 2);
    machines_.start(vm);
    EXPECT_EQ(bulks(), (std::vector{Bulk::compare, Bulk::compare}));
}

TEST_F(CaptureTest, AKilledQemuAndARawDiskAfterARestartNeedACompare) {
    const auto a = add_vm("a", {"qcow2"});
    const auto b = add_vm("b", {"raw"});
    for (const auto vm : {a, b}) machines_.start(vm);
    cycle();
    for (const auto vm : {a, b}) write(vm, 0, MiB, 4096, 7);
    machines_.flush(a);
    machines_.kill(a);
    machines_.power_off(b);
    EXPECT_EQ(bulks(), (std::vector{Bulk::compare, Bulk::compare}));
    for (const auto vm : {a, b}) machines_.start(vm);
    EXPECT_EQ(bulks(), (std::vector{Bulk::compare, Bulk::compare}));
    cycle();
    EXPECT_EQ(bulks(), (std::vector{Bulk::none, Bulk::none}));
}

TEST_F(CaptureTest, StartingOrStoppingInTheMiddleOfACycleFailsItAndNothingElse) {
    const auto a = add_vm("a", {"qcow2"});
    const auto b = add_vm("b", {"qcow2"});
    machines_.start(a);
    cycle();
    write(a, 0, 0, 4 * MiB, 1);
    begin_cycle();
    make_cut();
    machines_.start(b);
    EXPECT_THROW(read_cut(), Error);
    capture_->finish(std::move(cut_), false);
    begin_cycle();
    make_cut();
    machines_.power_off(a);
    EXPECT_THROW(read_cut(), Error);
    capture_->finish(std::move(cut_), false);
    cycle();
    begin_cycle();
    machines_.power_off(b);
    EXPECT_THROW(make_cut(), Error);
}

TEST_F(CaptureTest, AFullScratchBreaksTheCutAndNotTheGuest) {
    options_.scratch_free_min_bytes = ~0ull >> 1;  // more than any file system has
    restart_daemon();
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    begin_cycle();
    make_cut();
    write(vm, 0, 0, 4 * MiB, 1);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!nodes_of(vm).empty() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_TRUE(nodes_of(vm).empty());
    write(vm, 0, 4 * MiB, 4 * MiB, 2);
    capture_->finish(std::move(cut_), false);
    options_.scratch_free_min_bytes = 0;
    restart_daemon();
    cycle();
}

TEST_F(CaptureTest, AForeignNbdServerIsLeftAlone) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    qemu::call(qmp(vm), "nbd-server-start",
               {{"addr",
                 json::object{
                     {"type", "unix"},
                     {"data", json::object{{"path", (directory_.path() / "foreign").string()}}}}}});
    try {
        cycle();
        FAIL() << "a cycle without an NBD server";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::in_use);
    }
    EXPECT_EQ(nodes_of(vm), std::vector<std::string>());
    EXPECT_TRUE(std::filesystem::exists(directory_.path() / "foreign"));
    qemu::call(qmp(vm), "nbd-server-stop");
    cycle();
}

TEST_F(CaptureTest, APausedVmStaysPausedAndARunningOneRuns) {
    const auto a = add_vm("a", {"qcow2"});
    const auto b = add_vm("b", {"qcow2"});
    for (const auto vm : {a, b}) machines_.start(vm);
    machines_.qmp(a, "stop", "");
    cycle();
    EXPECT_EQ(machines_.domain(a).power, hypervisor::Power::held);
    EXPECT_EQ(machines_.domain(b).power, hypervisor::Power::running);
}

TEST_F(CaptureTest, AFailureInTheHoldResumesEverybody) {
    std::vector<VmId> vms;
    for (const auto* name : {"a", "b", "c"}) vms.push_back(add_vm(name, {"qcow2"}));
    for (const auto vm : vms) machines_.start(vm);
    cycle();
    write(vms[0], 0, 0, 4096, 1);
    for (const std::string bad : {"stop", "transaction", "qom-set", "query-status"}) {
        begin_cycle();
        bool stopping = false;
        machines_.before_command = [&](VmId vm, const std::string& command) {
            if (vm != vms[1]) return;
            if (command == "stop") stopping = true;
            if (stopping && command == bad) {
                stopping = false;
                fail(Code::failed, "injected");
            }
        };
        EXPECT_THROW(make_cut(), Error) << bad;
        machines_.before_command = nullptr;
        for (const auto vm : vms) {
            EXPECT_EQ(machines_.domain(vm).power, hypervisor::Power::running) << bad;
            EXPECT_EQ(nodes_of(vm), std::vector<std::string>()) << bad;
        }
    }
    cycle();
    EXPECT_EQ(received_bytes_, 4096u);
}

TEST_F(CaptureTest, VmsLeftPausedByADaemonThatDiedAreResumed) {
    const auto a = add_vm("a", {"qcow2"});
    const auto b = add_vm("b", {"qcow2"});
    for (const auto vm : {a, b}) machines_.start(vm);
    begin_cycle();
    // The daemon dies in the hold: it never gets to resume anybody.
    machines_.before_command = [](VmId, const std::string& command) {
        if (command == "cont") fail(Code::unavailable, "died");
    };
    EXPECT_THROW(make_cut(), Error);
    EXPECT_EQ(machines_.domain(a).power, hypervisor::Power::held);
    machines_.before_command = nullptr;
    release_held(machines_, sys::linux_world(), options_.directory);
    for (const auto vm : {a, b}) EXPECT_EQ(machines_.domain(vm).power, hypervisor::Power::running);
    machines_.qmp(a, "stop", "");  // now by its user
    release_held(machines_, sys::linux_world(), options_.directory);
    EXPECT_EQ(machines_.domain(a).power, hypervisor::Power::held);
}

TEST_F(CaptureTest, ChangesSinceAPointForAReverse) {
    const auto vm = add_vm("a", {"qcow2", "raw"});
    machines_.start(vm);
    cycle();
    const auto disks = members().disks;
    const CaptureOf of{machines_, sys::linux_world().files, collection, options_.directory};
    write(vm, 0, MiB, 4096, 1);
    write(vm, 1, 2 * MiB, 8192, 1);
    EXPECT_EQ(changes_since(of, disks[0], target_.durable), (RangeSet{{MiB, 4096}}));
    EXPECT_EQ(changes_since(of, disks[1], target_.durable), (RangeSet{{2 * MiB, 8192}}));
    EXPECT_EQ(changed_bytes(machines_, collection, vms_), 4096u + 8192u);
    begin_cycle();
    make_cut();
    write(vm, 0, 5 * MiB, 4096, 1);
    machines_.power_off(vm);
    capture_->finish(std::move(cut_), false);
    EXPECT_EQ(changes_since(of, disks[0], target_.durable),
              (RangeSet{{MiB, 4096}, {5 * MiB, 4096}}));
    EXPECT_EQ(changes_since(of, disks[1], target_.durable), std::nullopt);
    EXPECT_EQ(changes_since(of, disks[0], Sequence{7}), std::nullopt);
    stop_tracking(of, disks);
    EXPECT_EQ(qemu::image_info(disks[0].path, "qcow2").bitmaps.size(), 0u);
}

TEST_F(CaptureTest, ForeignBitmapsStay) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    qemu::call(qmp(vm), "block-dirty-bitmap-add",
               {{"node", "libvirt-0-format"}, {"name", "backup"}});
    cycle();
    cycle();
    const CaptureOf of{machines_, sys::linux_world().files, collection, options_.directory};
    stop_tracking(of, members().disks);
    EXPECT_EQ(bitmaps_of(vm), std::vector<std::string>{"backup"});
}

// Nothing is compared: what it grew by is known, and bitmaps speak of the rest.
TEST_F(CaptureTest, AGrownDiskBringsWhatItGrewByAndOneGrownInTheCycleFailsIt) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    cycle();
    begin_cycle();
    qemu::call(qmp(vm), "block_resize", {{"node-name", "libvirt-0-format"}, {"size", 12 * MiB}});
    truth_.begin()->second.bytes.resize(12 * MiB);
    write(vm, 0, 11 * MiB, 4096, 1);
    try {
        make_cut();
        FAIL() << "a cut of a disk with another size";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable);
    }
    EXPECT_EQ(bulks(), std::vector{Bulk::none});
    write(vm, 0, 4096, 4096, 2);
    write(vm, 0, 8 * MiB - 4096, 8192, 3);
    cycle();
    EXPECT_EQ(preparation_.grown[0], (RangeSet{{8 * MiB, 4 * MiB}}));
    EXPECT_LT(received_bytes_, 1 * MiB);
    cycle();
    EXPECT_TRUE(preparation_.grown[0].empty());
    machines_.power_off(vm);
    cycle();
    EXPECT_EQ(bulks(), std::vector{Bulk::none});
}

// While a disk is being copied, points of the others are made: what was copied stays good.
TEST_F(CaptureTest, ACopyOfANewDiskOutlivesPointsOfTheOthers) {
    const auto vm = add_vm("a", {"qcow2", "raw"});
    machines_.start(vm);
    const DiskKey fresh = key(vm, 1);
    const auto only = [&](bool new_one) {
        return find_members(machines_, vms_,
                            [=](const DiskKey& k) { return (k == fresh) == new_one; });
    };
    const auto copy = [&](Sequence last) {
        const auto members = only(true);
        const auto preparation = capture_->prepare(last, members, target_.shapes);
        EXPECT_EQ(preparation.bulks, std::vector{Bulk::full});
        return preparation.copies.at(0);
    };
    const auto point = [&](Sequence last) {
        const auto members = only(false);
        capture_->prepare(last, members, target_.shapes);
        auto cut = capture_->cut(last.next(), PointKind::regular);
        capture_->finish(std::move(cut), true);
        target_.shapes = {members.disks[0].shape};
    };
    point({0});
    const auto begun = copy({1});
    EXPECT_NE(begun, 0u);
    point({1});
    EXPECT_EQ(copy({2}), begun);
    restart_daemon();
    EXPECT_EQ(copy({2}), begun);
    point({2});
    EXPECT_EQ(bitmaps_of(vm).size(), 2u);
    const CaptureOf of{machines_, sys::linux_world().files, collection, options_.directory};
    let_go(of, {fresh});
    EXPECT_EQ(bitmaps_of(vm).size(), 1u);
    EXPECT_NE(copy({3}), begun);
}

TEST_F(CaptureTest, AChunkIsTheSameHoweverOftenItIsAskedFor) {
    const auto vm = add_vm("a", {"qcow2", "qcow2"}, 32 * MiB);
    machines_.start(vm);
    cycle();
    for (int i = 0; i < 40; ++i)
        write(vm, i % 2, i % 16 * 2 * MiB + i * 4096, i % 5 * 65536 + 4096, i % 7);
    begin_cycle();
    make_cut();
    auto& source = cut_->source();
    std::vector<std::uint64_t> checksums;
    while (const auto chunk = source.next()) checksums.push_back(point::checksum_of(*chunk));
    ASSERT_GT(checksums.size(), 4u);
    for (std::size_t from = 0; from <= checksums.size(); ++from) {
        write(vm, 0, from * 65536, 65536, 77);
        source.start_at(from);
        for (std::size_t i = from; i < checksums.size(); ++i) {
            const auto chunk = source.next();
            ASSERT_TRUE(chunk);
            EXPECT_EQ(point::checksum_of(*chunk), checksums[i]) << from << " " << i;
        }
        EXPECT_FALSE(source.next());
    }
    capture_->finish(std::move(cut_), false);
}

// QEMU 7.2 gave what the guest has now when a read began in a part that had been put aside and
// ended in one that had not.
TEST_F(CaptureTest, AReadAcrossWhatTheGuestOverwroteAndWhatItDidNot) {
    const auto vm = add_vm("a", {"qcow2", "raw"});
    machines_.start(vm);
    cycle();
    for (const std::size_t disk : {0, 1}) write(vm, disk, 3661824, 262144, 120);
    begin_cycle();
    make_cut();
    for (const std::size_t disk : {0, 1}) write(vm, disk, 3565056, 131072, 0);
    read_cut();
    commit();
    capture_->finish(std::move(cut_), true);
}

// QEMU refuses what would put the guest back on its old image.
TEST_F(CaptureTest, AnExternalSnapshotInTheMiddleIsLeftInPlace) {
    const auto vm = add_vm("a", {"qcow2"});
    machines_.start(vm);
    cycle();
    const auto overlay = directory_.path() / "overlay.qcow2";
    qemu::create_overlay(overlay, machines_.domain(vm).disks[0].source, "qcow2", 8 * MiB);
    const auto take_snapshot = [&] {
        const json::object file{{"driver", "file"}, {"filename", overlay.string()}};
        qemu::call(
            qmp(vm), "blockdev-add",
            {{"driver", "qcow2"}, {"node-name", "overlay"}, {"file", file}, {"backing", nullptr}});
        qemu::call(qmp(vm), "blockdev-snapshot",
                   {{"node", "libvirt-0-format"}, {"overlay", "overlay"}});
    };
    begin_cycle();
    bool taken = false;
    // At the worst moment: when the VM is stopped already.
    machines_.before_command = [&](VmId, const std::string& command) {
        if (command == "transaction" && !std::exchange(taken, true)) take_snapshot();
    };
    EXPECT_THROW(make_cut(), Error);
    EXPECT_EQ(qemu::guest_disks(qmp(vm))[0].node, "overlay");
    EXPECT_EQ(machines_.domain(vm).power, hypervisor::Power::running);
    write(vm, 0, 0, MiB, 9);
    EXPECT_EQ(bulks(), std::vector{Bulk::compare});
    cycle();
}

// QEMU used to spin for ever: it waited, with its guest, until its answers to our reads were taken.
TEST_F(CaptureTest, AGuestDoesNotWaitForASlowTakerOfChunks) {
    const auto vm = add_vm("a", {"qcow2"}, 32 * MiB);
    machines_.start(vm);
    cycle();
    write(vm, 0, 0, 32 * MiB, 7);
    begin_cycle();
    make_cut();
    ASSERT_TRUE(cut_->source().next());
    for (const auto* command : {"stop", "cont", "system_reset"}) machines_.qmp(vm, command, "");
    write(vm, 0, 0, MiB, 8);
    machines_.power_off(vm);
    capture_->finish(std::move(cut_), false);
}

}  // namespace
}  // namespace reviver::capture
