// A group with real QEMUs and a target in memory: after every acknowledged point the target must be
// what the disks were in the hold, whatever was written, stopped, started, killed or restarted in
// between.
#include "capture/capture.h"

#include "capture/changes.h"
#include "capture/names.h"
#include "capture/qemu_machines.h"
#include "qemu/image_tool.h"
#include "qemu/offline_export.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace reviver::capture {
namespace {

constexpr std::uint64_t MiB = 1 << 20;
const CollectionId collection(Uuid::parse("1a2b3c4d-0000-0000-0000-000000000001").value());

struct Content {
    std::string bytes;
    void write(std::uint64_t offset, std::uint64_t length, char value) {
        bytes.replace(offset, length, length, value);
    }
};

// The other side, in its simplest form.
struct Target {
    Sequence durable;
    std::vector<DiskShape> shapes;
    std::map<std::string, std::string> disks;
    // Of the receive that is not durable yet.
    ReceiveId receive;
    std::map<std::string, std::string> pending;
    std::map<std::string, std::uint64_t> bulk_done;
};

void apply(const point::Chunk& chunk, std::string& disk) {
    point::validate(chunk, disk.size());
    std::size_t at = 0;
    for (const Extent& extent : chunk.extents) {
        if (extent.content == reviver::Content::zero) {
            disk.replace(extent.offset, extent.length, extent.length, '\0');
        } else {
            std::memcpy(disk.data() + extent.offset, chunk.payload.data() + at, extent.length);
            at += extent.length;
        }
    }
}

class CaptureTest : public testing::Test {
  protected:
    CaptureTest() : machines_(directory_.path()) {
        options_.directory = directory_.path() / "capture";
        restart_daemon();
    }

    hypervisor::Disk make_disk(const std::string& name, const std::string& format,
                               std::uint64_t size) {
        hypervisor::Disk disk;
        disk.target = fmt::format("vd{}", static_cast<char>('a' + disks_made_++ % 26));
        disk.source = directory_.path() / (name + "." + format);
        disk.format = format;
        if (format == "qcow2") {
            qemu::create_qcow2(disk.source, size);
        } else {
            std::ofstream(disk.source).close();
            std::filesystem::resize_file(disk.source, size);
        }
        return disk;
    }

    VmId add_vm(const std::string& name, const std::vector<std::string>& formats,
                std::uint64_t size = 8 * MiB) {
        std::vector<hypervisor::Disk> disks;
        for (const auto& format : formats)
            disks.push_back(make_disk(name + std::to_string(disks.size()), format, size));
        const auto id = machines_.add(name, disks);
        for (const auto& disk : disks)
            truth_[DiskKey{id, disk.target}.text()].bytes.assign(size, '\0');
        vms_.push_back(id);
        return id;
    }

    void restart_daemon() {
        cut_.reset();
        capture_.reset();
        capture_ =
            std::make_unique<GroupCapture>(machines_, sys::linux_world(), collection, options_);
    }

    DiskKey key(VmId vm, std::size_t disk) {
        return {vm, machines_.domain(vm).disks.at(disk).target};
    }

    void write(VmId vm, std::size_t disk, std::uint64_t offset, std::uint64_t length, int value) {
        machines_.guest_io(vm, disk,
                           value == 0 ? fmt::format("write -z {} {}", offset, length)
                                      : fmt::format("write -P {} {} {}", value, offset, length));
        truth_[key(vm, disk).text()].write(offset, length, static_cast<char>(value));
    }

    Members members() {
        return find_members(machines_, vms_, [](const DiskKey&) { return true; });
    }

    // Prepares and does the bulk, in part only when `bulk_stop` says so. False when it stopped.
    bool begin_cycle(const std::function<bool()>& bulk_stop = [] { return false; }) {
        members_ = members();
        preparation_ = capture_->prepare(target_.durable, members_, target_.shapes);
        if (preparation_.receive != target_.receive) {
            target_.receive = preparation_.receive;
            target_.pending.clear();
            target_.bulk_done.clear();
        }
        for (std::size_t i = 0; i < members_.disks.size(); ++i) {
            const auto name = members_.disks[i].shape.key.text();
            if (preparation_.bulks[i] == point::Bulk::none) {
                target_.pending[name] = target_.disks[name];
                continue;
            }
            ++bulks_;
            if (!target_.pending.contains(name)) {
                target_.pending[name] = target_.disks[name];
                target_.pending[name].resize(members_.disks[i].shape.size_bytes);
            }
            const auto source = capture_->bulk_source(i, target_.bulk_done[name]);
            while (const auto chunk = source->next()) {
                apply(*chunk, target_.pending[name]);
                if (!chunk->extents.empty()) target_.bulk_done[name] = chunk->extents.back().end();
                if (bulk_stop()) return false;
            }
        }
        return true;
    }

    void make_cut() {
        cut_ = capture_->cut(target_.durable.next(), PointKind::regular);
        at_cut_ = truth_;
    }

    // What is read goes to a copy: a cut that breaks must leave no trace in what the next one
    // builds on.
    void read_cut(const std::function<void()>& between = [] {}) {
        received_ = target_.pending;
        received_bytes_ = 0;
        while (const auto chunk = cut_->source().next()) {
            received_bytes_ += chunk->payload.size();
            apply(*chunk, received_[members_.disks[chunk->disk].shape.key.text()]);
            between();
        }
    }

    void commit() {
        target_.durable = target_.durable.next();
        target_.shapes.clear();
        for (const auto& disk : members_.disks) target_.shapes.push_back(disk.shape);
        target_.disks = received_;
        target_.pending.clear();
        target_.bulk_done.clear();
        for (const auto& disk : members_.disks) {
            const auto name = disk.shape.key.text();
            ASSERT_TRUE(target_.disks[name] == at_cut_[name].bytes)
                << "point " << target_.durable.value << ", disk " << name
                << ", first difference at "
                << std::mismatch(target_.disks[name].begin(), target_.disks[name].end(),
                                 at_cut_[name].bytes.begin())
                           .first -
                       target_.disks[name].begin();
        }
    }

    void cycle(const std::function<void()>& between = [] {}) {
        begin_cycle();
        make_cut();
        read_cut(between);
        commit();
        capture_->finish(std::move(cut_), true);
    }

    std::vector<point::Bulk> bulks() {
        return capture_->prepare(target_.durable, members(), target_.shapes).bulks;
    }

    std::vector<std::string> bitmaps_of(VmId vm) {
        std::vector<std::string> names;
        for (const auto& node : qemu::block_nodes(qmp(vm)))
            for (const auto& bitmap : node.bitmaps) names.push_back(bitmap.name);
        return names;
    }

    std::vector<std::string> nodes_of(VmId vm) {
        std::vector<std::string> names;
        for (const auto& node : qemu::block_nodes(qmp(vm)))
            if (node.name.starts_with("reviver")) names.push_back(node.name);
        return names;
    }

    qemu::Qmp qmp(VmId vm) {
        return [this, vm](const auto& command, const auto& arguments) {
            return machines_.qmp(vm, command, arguments);
        };
    }

    TestDirectory directory_;
    QemuMachines machines_;
    std::size_t disks_made_ = 0;
    std::vector<VmId> vms_;
    Options options_;
    std::unique_ptr<GroupCapture> capture_;
    std::map<std::string, Content> truth_;
    std::map<std::string, Content> at_cut_;
    Target target_;
    Members members_;
    Preparation preparation_;
    std::unique_ptr<Cut> cut_;
    std::map<std::string, std::string> received_;
    std::uint64_t received_bytes_ = 0;
    int bulks_ = 0;
};

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

TEST_F(CaptureTest, AResizedDiskIsComparedAndOneResizedInTheCycleFailsIt) {
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
        EXPECT_EQ(error.code(), Code::invalid_state);
    }
    EXPECT_EQ(bulks(), std::vector{Bulk::compare});
    cycle();
    EXPECT_EQ(bulks(), std::vector{Bulk::none});
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

// Anything at any time, from a seed.
class RandomTest : public CaptureTest, public testing::WithParamInterface<unsigned> {
  protected:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    bool runs(VmId vm) { return machines_.domain(vm).power == hypervisor::Power::running; }

    void write_somewhere() {
        const auto vm = vms_[below(vms_.size())];
        if (!runs(vm)) return;
        const auto size = truth_.begin()->second.bytes.size();
        const auto length = std::min<std::uint64_t>(512 << below(12), size / 2);
        write(vm, below(2), below((size - length) / 512) * 512, length,
              static_cast<int>(below(4) ? below(256) : 0));
    }

    void change_power() {
        const auto vm = vms_[below(vms_.size())];
        if (!runs(vm)) {
            machines_.start(vm);
        } else if (below(3) == 0) {
            machines_.flush(vm);
            machines_.kill(vm);
        } else {
            machines_.power_off(vm);
        }
    }

    void disturb() {
        for (auto n = below(3); n > 0; --n) write_somewhere();
        if (below(40) == 0) change_power();
    }

    // A cycle in which anything may happen; a failed one is repeated by the next.
    void try_cycle() {
        if (!begin_cycle([this] {
                disturb();
                return below(30) == 0;
            }))
            return;
        make_cut();
        read_cut([this] { disturb(); });
        if (below(6) == 0) {
            capture_->finish(std::move(cut_), false);
            return;
        }
        commit();
        if (below(4) != 0) capture_->finish(std::move(cut_), true);
    }

    std::mt19937 random_{GetParam()};
};

TEST_P(RandomTest, EveryAcknowledgedPointIsWhatTheDisksWereInTheHold) {
    for (const auto* name : {"a", "b"}) machines_.start(add_vm(name, {"qcow2", "raw"}, 4 * MiB));
    int acknowledged = 0;
    for (int step = 0; step < 25 && !HasFatalFailure(); ++step) {
        for (auto n = below(8); n > 0; --n) write_somewhere();
        if (below(8) == 0) change_power();
        const auto before = target_.durable;
        try {
            try_cycle();
        } catch (const Error& error) {
            ASSERT_TRUE(error.code() == Code::unavailable || error.code() == Code::failed)
                << error.what();
        }
        if (target_.durable != before) ++acknowledged;
        if (cut_ && below(2) == 0) capture_->finish(std::move(cut_), false);
        if (cut_ || below(8) == 0) restart_daemon();
    }
    EXPECT_GT(acknowledged, 3);
}

// REVIVER_SEEDS=100 for a long night.
unsigned seeds() {
    const char* text = std::getenv("REVIVER_SEEDS");
    return text == nullptr ? 2 : static_cast<unsigned>(std::stoul(text));
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomTest, testing::Range(1u, 1u + seeds()));

}  // namespace
}  // namespace reviver::capture
