#include "recovery/seeds.h"

#include "recovery/limits.h"
#include "recovery/test_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reviver::recovery {
namespace {

using testing::HasSubstr;

class SeedsTest : public TestSite {
  protected:
    SeedsTest() { std::filesystem::create_directories(data_); }

    std::vector<Seed> seeds(const std::vector<DiskKey>& keys) {
        return find_seeds(hypervisor_, recovery_.locks().records(), keys);
    }
    // A VM of this site with its own first disk, locked as a replica.
    void restore(const std::string& format) {
        std::string xml = definition(one, "web", {"vda", "vdb"});
        const std::string::size_type at = xml.find("/other-site/vda");
        xml.replace(at, std::string("/other-site/vda").size(), image_.string());
        const std::string::size_type type = xml.find("type='raw'");
        xml.replace(type, std::string("type='raw'").size(), "type='" + format + "'");
        hypervisor_.define(xml);
        recovery_.show_replicas("shop", {plan().vms[0]});
    }

    const sys::Path image_ = data_ / "own.qcow2";
};

TEST_F(SeedsTest, AVmsOwnDiskIsASeedAndAMissingOneSaysWhy) {
    qemu::create_qcow2(image_, disk_size);
    restore("qcow2");
    const auto found = seeds({{one, "vda"}, {one, "vdb"}, {one, "vdc"}, {two, "vda"}});
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].trouble, "");
    EXPECT_EQ(found[0].path, image_);
    EXPECT_EQ(found[0].format, "qcow2");
    EXPECT_EQ(found[0].size_bytes, disk_size);
    EXPECT_THAT(found[1].trouble, HasSubstr("there is no image /other-site/vdb"));
    EXPECT_THAT(found[2].trouble, HasSubstr("no such disk"));
    EXPECT_THAT(found[3].trouble, HasSubstr("no such VM"));
}

TEST_F(SeedsTest, AReplicaThatWasMadeHereHasNothingOfItsOwn) {
    recovery_.show_replicas("shop", {plan().vms[0]});
    EXPECT_THAT(seeds({{one, "vda"}}).at(0).trouble, HasSubstr("no disks of its own"));
}

TEST_F(SeedsTest, WhatIsNotLockedOrRunsIsNone) {
    qemu::create_qcow2(image_, disk_size);
    restore("qcow2");
    recovery_.locks().unlock(one);
    EXPECT_THAT(seeds({{one, "vda"}}).at(0).trouble, HasSubstr("not locked"));
    make_chains();
    ASSERT_TRUE(recovery_.prepare(plan_of_one()).empty());
    hypervisor_.start(one);
    EXPECT_EQ(code_of([&] { seeds({{one, "vda"}}); }), Code::invalid_state);
}

TEST_F(SeedsTest, AnImageOfTooManyFilesIsNone) {
    sys::Path top = data_ / "bottom";
    qemu::create_qcow2(top, disk_size);
    for (std::size_t i = 1; i <= seed_files_max; ++i) {
        const sys::Path next = i == seed_files_max ? image_ : data_ / std::to_string(i);
        qemu::create_overlay(next, top, "qcow2", disk_size);
        top = next;
    }
    restore("qcow2");
    EXPECT_THAT(seeds({{one, "vda"}}).at(0).trouble, HasSubstr("101 files"));
}

// An overlay of an earlier relationship would be lost to one of the same name.
TEST_F(SeedsTest, EpochsThatFilesAreNamedByAreKnown) {
    EXPECT_EQ(recovery_.epoch_used({one, two}), Epoch{0});
    make_chains();
    ASSERT_TRUE(recovery_.prepare(plan()).empty());
    EXPECT_EQ(recovery_.epoch_used({one, two}), Epoch{2});
    std::ofstream(data_ / "vms" / two.text() / "vd-b-17-4.qcow2") << "somebody's";
    std::ofstream(data_ / "vms" / two.text() / "notes.txt") << "somebody's";
    EXPECT_EQ(recovery_.epoch_used({one, two}), Epoch{17});
    EXPECT_EQ(recovery_.epoch_used({one}), Epoch{2});
}

}  // namespace
}  // namespace reviver::recovery
