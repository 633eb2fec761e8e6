#include "recovery/recovery.h"

#include "qemu/background_job.h"
#include "qemu/offline_export.h"
#include "qemu/qmp_json.h"
#include "recovery/flatten.h"
#include "recovery/power.h"
#include "recovery/test_site.h"

#include <algorithm>

namespace reviver::recovery {
namespace {

using hypervisor::Power;

class ReplicasTest : public TestSite {};

class RecoveryTest : public TestSite {
  protected:
    RecoveryTest() { make_chains(); }
    static std::string node_of(const qemu::Qmp& qmp, const sys::Path& raw_image) {
        for (const auto& node : qemu::block_nodes(qmp))
            if (node.driver == "raw" && node.file == raw_image) return node.name;
        return "";
    }
};

TEST_F(ReplicasTest, ReplicasAreShownUpdatedAndForgotten) {
    auto vms = plan().vms;
    recovery_.show_replicas("shop", vms);
    recovery_.show_replicas("shop", vms);
    EXPECT_TRUE(locked(one));
    EXPECT_EQ(hypervisor_.domain(two).name, "db");
    // The paths of the other site would be somebody else's here.
    for (const auto& disk : hypervisor_.domain(two).disks) {
        EXPECT_EQ(sys::Path(disk.source).parent_path(), data_ / "vms" / two.text());
    }
    EXPECT_EQ(code_of([&] { recovery_.locks().unlock(one); }), Code::invalid_state);

    vms[0].domain_xml.replace(vms[0].domain_xml.find(">16<"), 4, ">32<");
    recovery_.show_replicas("shop", vms);
    EXPECT_NE(hypervisor_.domain(one).xml.find("32768"), std::string::npos);
    recovery_.forget_replicas({one, two});
    recovery_.forget_replicas({one, two});
    EXPECT_TRUE(hypervisor_.domains().empty());
    EXPECT_TRUE(std::filesystem::is_empty(data_ / "locks"));
}

TEST_F(ReplicasTest, AVmOfThisSiteIsLockedNotReplacedAndGivenBack) {
    hypervisor_.define(definition(one, "web", {}));
    const std::string before = hypervisor_.domain(one).xml;
    recovery_.show_replicas("shop", {plan().vms[0]});
    EXPECT_TRUE(locked(one));
    recovery_.forget_replicas({one});
    recovery_.forget_replicas({one});
    EXPECT_EQ(hypervisor_.domain(one).xml, before);
}

TEST_F(RecoveryTest, FailoverRunsOnThePointAndRevertLeavesNothing) {
    const FailoverPlan failover = plan();
    const auto before = contents_of_store();
    recovery_.show_replicas("shop", failover.vms);
    ASSERT_TRUE(recovery_.prepare(failover).empty());

    // The disk that the point does not hold is left out; every other notes its changes from the
    // start.
    const hypervisor::Domain db = hypervisor_.domain(two);
    ASSERT_EQ(db.disks.size(), 1u);
    EXPECT_EQ(db.disks[0].source, overlay({two, "vda"}));
    const auto info = qemu::image_info(overlay({one, "vdb"}), "qcow2");
    ASSERT_EQ(info.bitmaps.size(), 1u);
    EXPECT_EQ(info.bitmaps[0].name, bitmap_of({one, "vdb"}));
    EXPECT_TRUE(info.bitmaps[0].recording);
    const auto as_the_point = [&] {
        return qemu::same_content(overlay({one, "vda"}), "qcow2", top({one, "vda"}), "qcow2");
    };
    EXPECT_TRUE(as_the_point());

    start_vms(hypervisor_, {one});
    guest_writes(one, "virtio-disk0", "write -P 9 2M 8k");
    // Repeating finds it done, and loses nothing.
    EXPECT_TRUE(recovery_.prepare(failover).empty());
    EXPECT_FALSE(as_the_point());
    recovery_.revert(failover);
    recovery_.revert(failover);
    EXPECT_TRUE(locked(one));
    EXPECT_TRUE(locked(two));
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);
    EXPECT_FALSE(std::filesystem::exists(overlay({one, "vda"})));
    EXPECT_EQ(contents_of_store(), before);

    recovery_.forget_replicas({one, two});
    EXPECT_TRUE(hypervisor_.domains().empty());
}

TEST_F(RecoveryTest, RevertGoesOnWhereACrashStoppedItAfterTheLock) {
    const FailoverPlan failover = plan_of_one();
    ASSERT_TRUE(recovery_.prepare(failover).empty());
    hypervisor_.start(one);
    recovery_.locks().lock(one, "the first step of a revert");
    recovery_.revert(failover);
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);
    EXPECT_FALSE(std::filesystem::exists(overlay({one, "vda"})));
}

TEST_F(RecoveryTest, FailoverMakesAnewWhatACrashOrARevertLeftBehind) {
    const FailoverPlan failover = plan();
    recovery_.show_replicas("shop", failover.vms);
    const sys::Path left = overlay({one, "vda"});
    std::filesystem::create_directories(left.parent_path());
    std::ofstream(left.string() + ".new") << "half";
    std::ofstream(left) << "written by a failover that was reverted";
    ASSERT_TRUE(recovery_.prepare(failover).empty());
    EXPECT_TRUE(qemu::same_content(left, "qcow2", top({one, "vda"}), "qcow2"));
    EXPECT_FALSE(std::filesystem::exists(left.string() + ".new"));
}

// It used to count as failed over for ever: a replica was kept of a VM that ran.
TEST_F(RecoveryTest, AVmThatAFailoverGaveAwayIsLikeAnyOtherOfThisSite) {
    const FailoverPlan failover = plan();
    recovery_.show_replicas("shop", failover.vms);
    ASSERT_TRUE(recovery_.prepare(failover).empty());
    hypervisor_.start(two);
    EXPECT_THROW(recovery_.show_replicas("again", failover.vms), Error);
    EXPECT_FALSE(locked(two));
    hypervisor_.power_off(two);
    recovery_.show_replicas("again", failover.vms);
    EXPECT_TRUE(locked(two));
    recovery_.forget_replicas({two});
    EXPECT_EQ(hypervisor_.domain(two).disks[0].source, overlay({two, "vda"}));
}

TEST_F(RecoveryTest, OneVmsTroubleLeavesTheOthersFailedOver) {
    FailoverPlan failover = plan();
    hypervisor_.define(definition(*VmId::parse("11111111-2222-3333-4444-00000000000f"), "web", {}));
    const auto failures = recovery_.prepare(failover);
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0].vm, one);
    EXPECT_NE(failures[0].text.find("already exists"), std::string::npos) << failures[0].text;
    EXPECT_FALSE(locked(two));

    recovery_.revert(failover);
    EXPECT_FALSE(std::filesystem::exists(overlay({one, "vda"})));
    EXPECT_TRUE(locked(two));
    failover.disks[2].top = "/no/such/layer";
    EXPECT_EQ(recovery_.prepare(failover).size(), 2u);
    EXPECT_TRUE(locked(two));
}

TEST_F(RecoveryTest, RevertGivesAVmOfThisSiteBackWhatItWas) {
    hypervisor_.define(definition(one, "web", {"vda"}));
    hypervisor_.set_autostart(one, true);
    const std::string before = hypervisor_.domain(one).xml;
    recovery_.locks().lock(one, "taken over");
    ASSERT_TRUE(recovery_.prepare(plan_of_one()).empty());
    EXPECT_EQ(hypervisor_.domain(one).disks.size(), 2u);
    recovery_.revert(plan_of_one());
    EXPECT_TRUE(locked(one));
    recovery_.locks().unlock(one);
    EXPECT_EQ(hypervisor_.domain(one).xml, before);
    EXPECT_TRUE(hypervisor_.domain(one).autostart);
}

TEST_F(RecoveryTest, FlatteningKeepsContentBitmapAndBase) {
    const FailoverPlan failover = plan_of_one();
    const DiskKey disk{one, "vda"};
    const auto before = contents_of_store();
    ASSERT_TRUE(recovery_.prepare(failover).empty());
    std::vector<unsigned> progress;
    const auto flatten = [&](bool cancelled) {
        return recovery_.flatten(
            failover, [&](unsigned percent) { progress.push_back(percent); },
            [cancelled] { return cancelled; });
    };
    EXPECT_FALSE(flatten(false)) << "the VM is off";

    hypervisor_.start(one);
    guest_writes(one, "virtio-disk0", "write -P 9 1M 4k");
    EXPECT_FALSE(flatten(true));
    EXPECT_TRUE(flatten(false));
    EXPECT_TRUE(flatten(false));
    EXPECT_TRUE(std::ranges::all_of(progress, [](unsigned percent) { return percent <= 100; }));
    hypervisor_.power_off(one);
    EXPECT_TRUE(flatten(false));

    const qemu::ImageInfo info = qemu::image_info(overlay(disk), "qcow2");
    EXPECT_EQ(info.backing_path, base(disk));
    EXPECT_EQ(info.backing_format, "raw");
    EXPECT_TRUE(qemu::check_image(overlay(disk), "qcow2").clean());
    EXPECT_EQ(contents_of_store(), before);

    // Without the layers it reads as with them, and only the guest's own write is noted.
    const sys::Path expected = data_ / "expected.qcow2";
    qemu::create_overlay(expected, top(disk), "qcow2", disk_size);
    write_image(expected, "qcow2", "write -P 9 1M 4k");
    EXPECT_TRUE(qemu::same_content(overlay(disk), "qcow2", expected, "qcow2"));
    const std::string bitmap = bitmap_of(disk);
    qemu::OfflineExport exported({overlay(disk), "qcow2", bitmap});
    qemu::NbdReader reader(exported.address(), {qemu::bitmap_context(bitmap)});
    EXPECT_EQ(reader.dirty(bitmap, {0, disk_size}), (RangeSet{{1 << 20, 4096}}));
}

// What the base had beyond the end of the point appeared in a disk that had been made larger.
TEST_F(RecoveryTest, ADiskThatGrewOverALargerBaseKeepsItsLayers) {
    const FailoverPlan failover = plan_of_one();
    const DiskKey disk{one, "vda"};
    for (const PlanDisk& each : failover.disks) {
        std::filesystem::resize_file(base(each.key), 2 * disk_size);
        write_image(base(each.key), "raw", "write -P 5 16M 4M");
    }
    ASSERT_TRUE(recovery_.prepare(failover).empty());
    hypervisor_.start(one);
    const qemu::Qmp qmp = [&](const std::string& command, const std::string& arguments) {
        return hypervisor_.qmp(one, command, arguments);
    };
    qemu::call(qmp, "block_resize",
               {{"node-name", qemu::guest_disks(qmp)[0].node}, {"size", disk_size + (2 << 20)}});
    const auto flatten = [&](const DiskKey& key) {
        return flatten_disk(
            hypervisor_, sys::linux_world().files, {key, overlay(key), base(key)}, [](double) {},
            [] { return false; });
    };
    EXPECT_THROW(flatten(disk), Error);
    EXPECT_TRUE(flatten({one, "vdb"})) << "one that did not grow";
    hypervisor_.power_off(one);
    const sys::Path expected = data_ / "expected.qcow2";
    qemu::create_overlay(expected, top(disk), "qcow2", disk_size + (2 << 20));
    EXPECT_TRUE(qemu::same_content(overlay(disk), "qcow2", expected, "qcow2"));
}

// QEMU names another backing image in the header before its tables are in the file: it used to be
// that what had been copied was lost then.
TEST_F(RecoveryTest, AQemuThatIsKilledOnceTheLayersAreOutHasLostNothing) {
    const FailoverPlan failover = plan_of_one();
    const DiskKey disk{one, "vda"};
    ASSERT_TRUE(recovery_.prepare(failover).empty());
    hypervisor_.start(one);
    const pid_t qemu = pid_of("web");
    const auto builds_on = [&] { return qemu::image_info(overlay(disk), "qcow2").backing_path; };
    bool killed = false;
    recovery_.flatten(
        failover,
        [&](unsigned) {
            if (killed || builds_on() != base(disk)) return;
            ASSERT_EQ(kill(qemu, SIGKILL), 0);
            killed = true;
        },
        [] { return false; });
    ASSERT_TRUE(killed);
    EXPECT_EQ(builds_on(), base(disk));
    EXPECT_TRUE(qemu::same_content(overlay(disk), "qcow2", top(disk), "qcow2"));
}

TEST_F(RecoveryTest, CopyingUpThatWasInterruptedGoesOn) {
    const FailoverPlan failover = plan_of_one();
    const DiskKey disk{one, "vda"};
    ASSERT_TRUE(recovery_.prepare(failover).empty());
    hypervisor_.start(one);
    const qemu::Qmp qmp = [&](const std::string& command, const std::string& arguments) {
        return hypervisor_.qmp(one, command, arguments);
    };
    const FlattenRequest request{disk, overlay(disk), base(disk)};
    const auto flatten = [&](bool cancelled) {
        return flatten_disk(
            hypervisor_, sys::linux_world().files, request, [](double) {},
            [=] { return cancelled; });
    };
    // As a daemon leaves it behind that died in the middle of it.
    qemu::start_stream(qmp, "reviver-copy-up-vda", qemu::guest_disks(qmp)[0].node,
                       node_of(qmp, base(disk)));
    EXPECT_TRUE(flatten(false));
    EXPECT_FALSE(qemu::background_job(qmp, "reviver-copy-up-vda"));
    hypervisor_.power_off(one);
    EXPECT_TRUE(qemu::same_content(overlay(disk), "qcow2", top(disk), "qcow2"));
}

TEST_F(ReplicasTest, StartingSaysOfEachVmWhatKeptItOff) {
    try {
        start_vms(hypervisor_, {one, two});
        FAIL();
    } catch (const Error& error) {
        ASSERT_EQ(error.parts().size(), 2u);
        EXPECT_EQ(error.parts()[0].of, one.text());
        EXPECT_EQ(error.parts()[1].of, two.text());
        for (const ErrorPart& part : error.parts()) {
            EXPECT_EQ(part.code, Code::not_found);
            EXPECT_TRUE(part.text.ends_with("mend that and start it again")) << part.text;
        }
    }
}

TEST_F(ReplicasTest, AGuestThatDoesNotListenIsPoweredOffOnlyByForce) {
    hypervisor_.define(definition(one, "web", {}));
    start_vms(hypervisor_, {one});
    start_vms(hypervisor_, {one});
    const auto soon = std::chrono::milliseconds(300);
    std::string said;
    const auto shut_down = [&](bool force, bool cancelled) {
        const auto tell = [&](const std::string& status) { said = status; };
        shut_down_vms(hypervisor_, {one, two}, {soon, force, tell}, [=] { return cancelled; });
    };
    EXPECT_EQ(running_vms(hypervisor_, {one, two}), std::vector<VmId>{one});
    try {
        shut_down(false, false);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::timeout);
        ASSERT_EQ(error.parts().size(), 1u);
        EXPECT_EQ(error.parts()[0].of, one.text());
        EXPECT_EQ(error.parts()[0].text,
                  "VM 'web' did not shut down: shut it down from inside, or power it off with "
                  "`reviver vm kill`, and try again");
    }
    EXPECT_EQ(said, "waiting for 'web' (ACPI) to shut down");
    EXPECT_EQ(code_of([&] { shut_down(true, true); }), Code::stopped);
    EXPECT_EQ(hypervisor_.domain(one).power, Power::running);
    shut_down(true, false);
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);
}

}  // namespace
}  // namespace reviver::recovery
