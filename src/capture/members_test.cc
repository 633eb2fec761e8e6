#include "capture/members.h"

#include "base/error.h"
#include "capture/changes.h"
#include "capture/names.h"
#include "capture/qemu_machines.h"
#include "qemu/image_tool.h"
#include "sys/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace reviver::capture {
namespace {

using testing::ElementsAre;

// Two VMs that are off, each with a disk of its own and one that both share.
class MembersTest : public testing::Test {
  protected:
    class Host : public QemuMachines {
      public:
        using QemuMachines::QemuMachines;
        hypervisor::Domain domain(VmId id) override {
            auto found = QemuMachines::domain(id);
            if (id == daemon) found.nbd_socket = "nbd";
            return found;
        }
        std::vector<hypervisor::Domain> domains() override {
            auto all = QemuMachines::domains();
            std::erase_if(all, [&](const hypervisor::Domain& each) { return each.id == daemon; });
            return all;
        }
        VmId daemon;
    };

    MembersTest() : host_(directory_.path()) {
        hypervisor::Disk quorum = make_disk("quorum");
        quorum.format = "qcow2";
        qemu::run_checked({"qemu-img", "create", "-q", "-f", "qcow2", quorum.source, "1M"});
        quorum_ = host_.add("quorum", {quorum});
        host_.daemon = quorum_;
        hypervisor::Disk shared = make_disk("vdb");
        shared.shared = quorum_;
        for (const char* name : {"a", "b"})
            vms_.push_back(host_.add(name, {make_disk("vda"), shared}));
    }

    hypervisor::Disk make_disk(const std::string& target) {
        hypervisor::Disk disk;
        disk.target = target;
        disk.source = directory_.path() / (std::to_string(made_++) + ".raw");
        disk.format = "raw";
        std::ofstream(disk.source).close();
        std::filesystem::resize_file(disk.source, 1 << 20);
        return disk;
    }

    std::vector<DiskKey> found(const std::function<bool(const DiskKey&)>& included) {
        std::vector<DiskKey> keys;
        for (const auto& disk : find_members(host_, vms_, included).disks)
            keys.push_back(disk.shape.key);
        return keys;
    }

    TestDirectory directory_;
    Host host_;
    int made_ = 0;
    VmId quorum_;
    std::vector<VmId> vms_;
};

TEST_F(MembersTest, ASharedDiskIsOneMemberUnderItsOwnKey) {
    const DiskKey shared{quorum_, "quorum"};
    const DiskKey own{vms_[0], "vda"};
    EXPECT_THAT(found([](const DiskKey&) { return true; }),
                ElementsAre(own, DiskKey{vms_[1], "vda"}, shared));
    EXPECT_THAT(found([&](const DiskKey& key) {
                    return key == DiskKey{vms_[1], "vdb"};
                }),
                ElementsAre(shared));
    EXPECT_THAT(found([&](const DiskKey& key) { return key == shared || key == own; }),
                ElementsAre(own, shared));
    EXPECT_THAT(found([&](const DiskKey& key) { return key == own; }), ElementsAre(own));
}

// It was looked for among the disks of VMs alone, and kept its bitmaps.
TEST_F(MembersTest, ASharedDiskThatIsLetGoKeepsNothingOfOurs) {
    const sys::Path image = host_.domain(quorum_).disks.front().source;
    const CollectionId collection = *CollectionId::parse("11111111-2222-4333-8444-555555555555");
    const DiskKey key{quorum_, "quorum"};
    const auto ours = bitmap_name(collection, key, {Sequence{3}, ""});
    for (const std::string& name : {ours, std::string("somebody's")})
        qemu::run_checked({"qemu-img", "bitmap", "--add", image, name});
    const CaptureOf of{host_, sys::linux_world().files, collection, directory_.path()};
    let_go(of, {key, {VmId(Uuid({1})), "vda"}});
    const auto left = qemu::image_info(image, "qcow2").bitmaps;
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left.front().name, "somebody's");
}

TEST_F(MembersTest, ASharedDiskThatIsNotServedMattersOnlyToWhoWantsIt) {
    host_.undefine(quorum_);
    const DiskKey own{vms_[0], "vda"};
    EXPECT_THAT(found([&](const DiskKey& key) { return key == own; }), ElementsAre(own));
    EXPECT_THROW(found([](const DiskKey&) { return true; }), Error);
}

}  // namespace
}  // namespace reviver::capture
