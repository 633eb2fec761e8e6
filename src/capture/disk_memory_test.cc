#include "capture/disk_memory.h"

#include "capture/hold_record.h"
#include "capture/qemu_machines.h"
#include "capture/tracking.h"
#include "sys/world.h"

#include <gtest/gtest.h>

#include <fstream>

namespace reviver::capture {
namespace {

class DiskMemoryTest : public testing::Test {
  protected:
    sys::Files& files() { return sys::linux_world().files; }
    sys::Path file() const { return directory_.path() / "disks.json"; }

    TestDirectory directory_;
    const DiskKey disk_{VmId(Uuid::parse("11111111-0000-0000-0000-000000000001").value()), "vda"};
};

TEST_F(DiskMemoryTest, RemembersThroughARestart) {
    const RememberedDisk remembered{Sequence{7}, "state", "base",
                                    Sequence{7}, "bulk",  "other state"};
    {
        DiskMemory memory(files(), file());
        EXPECT_EQ(memory.find(disk_), nullptr);
        memory.put(disk_, remembered);
        memory.save();
    }
    DiskMemory memory(files(), file());
    ASSERT_NE(memory.find(disk_), nullptr);
    EXPECT_EQ(*memory.find(disk_), remembered);
    memory.forget(disk_);
    memory.save();
    EXPECT_EQ(DiskMemory(files(), file()).find(disk_), nullptr);
}

TEST_F(DiskMemoryTest, AFileThatMakesNoSenseCountsAsNone) {
    for (const auto* text : {"", "{", "[]", "{\"version\":1}",
                             "{\"version\":1,\"disks\":{\"x\":3}}", "{\"version\":99,\"disks\":{}}",
                             "{\"version\":1,\"disks\":{\"x\":{\"acknowledged\":-1}}}"}) {
        std::ofstream(file()) << text;
        EXPECT_EQ(DiskMemory(files(), file()).find(disk_), nullptr) << text;
    }
}

TEST_F(DiskMemoryTest, TheStateOfAnImageChangesWhenItIsWritten) {
    const auto image = directory_.path() / "image";
    std::ofstream(image) << "a";
    const auto before = state_of_image(image);
    ASSERT_TRUE(before);
    EXPECT_EQ(state_of_image(image), before);
    std::ofstream(image, std::ios::app) << "b";
    EXPECT_NE(state_of_image(image), before);
    EXPECT_EQ(state_of_image("/dev/null"), std::nullopt);
}

// A block device has no times: one that got another's name was taken for the one before. Devices
// that every machine has stand for volumes.
TEST_F(DiskMemoryTest, ADeviceIsNotKnownByItsNameAlone) {
    QemuMachines machines(directory_.path());
    const MemberDisk disk{{disk_, 0}, directory_.path() / "volume", "raw"};
    DiskMemory memory(files(), file());
    const StartWatch starts(machines);
    const Options options;
    const TrackingContext context{
        machines, CollectionId(), options, memory, starts, sys::linux_world().random, "this life"};
    const auto state_as = [&](const char* device) {
        std::filesystem::remove(disk.path);
        std::filesystem::create_symlink(device, disk.path);
        return image_state(context, disk);
    };
    const auto before = state_as("/dev/null");
    EXPECT_NE(state_as("/dev/zero"), before);
    EXPECT_EQ(state_as("/dev/null"), before);
}

TEST_F(DiskMemoryTest, AHoldRecordIsReadAsItWasWritten) {
    HoldRecord record(files(), directory_.path());
    EXPECT_TRUE(record.read().empty());
    const std::vector<RecordedVm> held{{disk_.vm, 1234567890123}};
    record.write(held);
    EXPECT_EQ(record.read(), held);
    std::ofstream(directory_.path() / "held.json") << "[{}";
    EXPECT_TRUE(record.read().empty());
    record.clear();
    EXPECT_TRUE(record.read().empty());
}

}  // namespace
}  // namespace reviver::capture
