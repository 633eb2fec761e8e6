#include "recovery/trials.h"

#include "recovery/power.h"
#include "recovery/test_site.h"

#include <algorithm>

namespace reviver::recovery {
namespace {

using hypervisor::Power;

class TrialsTest : public TestSite {
  protected:
    TrialsTest() {
        make_chains();
        recovery_.show_replicas("shop", plan().vms);
    }
    TrialPlan trial() const {
        return {id, plan(), {{test_one, "web - Test", one}, {test_two, "db - Test", two}}};
    }
    sys::Path disk(VmId vm, const std::string& target) const {
        return data_ / "tests" / id.text() / vm.text() / (target + ".qcow2");
    }
    bool reads_as_the_point() const {
        return qemu::same_content(disk(test_one, "vda"), "qcow2", top({one, "vda"}), "qcow2");
    }
    void expect_nothing_left() {
        EXPECT_EQ(hypervisor_.domains().size(), 2u);  // the replicas
        EXPECT_TRUE(std::filesystem::is_empty(data_ / "tests"));
    }

    const CollectionId id = *CollectionId::parse("99999999-2222-3333-4444-000000000001");
    const VmId test_one = *VmId::parse("99999999-2222-3333-4444-000000000011");
    const VmId test_two = *VmId::parse("99999999-2222-3333-4444-000000000012");
    Trials trials_{hypervisor_, sys::linux_world().files, data_};
};

TEST_F(TrialsTest, ATestRunsOnThePointBesideTheReplicaAndLeavesNothing) {
    const auto before = contents_of_store();
    ASSERT_TRUE(trials_.make(trial()).empty());
    EXPECT_TRUE(locked(one));
    EXPECT_FALSE(locked(test_one));
    const hypervisor::Domain db = hypervisor_.domain(test_two);
    EXPECT_EQ(db.name, "db - Test");
    EXPECT_FALSE(db.autostart);
    ASSERT_EQ(db.disks.size(), 1u);  // the point does not hold the other
    EXPECT_EQ(db.disks[0].source, disk(test_two, "vda"));
    EXPECT_TRUE(reads_as_the_point());

    start_vms(hypervisor_, {test_one, test_two});
    guest_writes(test_one, "virtio-disk0", "write -P 9 2M 8k");
    // Repeating finds it done, and loses nothing.
    EXPECT_TRUE(trials_.make(trial()).empty());
    EXPECT_EQ(hypervisor_.domain(test_one).power, Power::running);
    hypervisor_.power_off(test_one);
    EXPECT_FALSE(reads_as_the_point());
    EXPECT_EQ(contents_of_store(), before);
    for (int times = 0; times < 2; ++times) trials_.remove(id, {test_one, test_two});
    expect_nothing_left();
    EXPECT_EQ(contents_of_store(), before);
}

TEST_F(TrialsTest, WhatACrashLeftIsMadeAnewOrTakenAway) {
    std::filesystem::create_directories(disk(test_one, "vda").parent_path());
    std::ofstream(disk(test_one, "vda")) << "half";
    std::ofstream(disk(test_one, "vdb").string() + ".new") << "half";
    ASSERT_TRUE(trials_.make(trial()).empty());
    EXPECT_TRUE(reads_as_the_point());
    // Somebody undefined one while it ran, and the removal ended after the other.
    hypervisor_.start(test_one);
    hypervisor_.undefine(test_one);
    hypervisor_.undefine(test_two);
    trials_.remove(id, {test_one, test_two});
    expect_nothing_left();
}

TEST_F(TrialsTest, AVmThatCannotBeMadeIsNamedAndTheOthersAreMade) {
    hypervisor_.define(
        definition(*VmId::parse("99999999-0000-0000-0000-000000000001"), "web - Test", {}));
    const auto failures = trials_.make(trial());
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0].vm, test_one);
    EXPECT_NE(failures[0].text.find("web - Test"), std::string::npos) << failures[0].text;
    EXPECT_EQ(hypervisor_.domain(test_two).name, "db - Test");
    trials_.remove(id, {test_one, test_two});
    EXPECT_EQ(code_of([&] { hypervisor_.domain(test_two); }), Code::not_found);
}

TEST_F(TrialsTest, AGroupWithASharedDiskIsRefusedBeforeAnythingIsMade) {
    TrialPlan plan = trial();
    plan.point.disks.push_back(plan.point.disks.front());
    plan.point.disks.back().key.vm = *VmId::parse("99999999-2222-3333-4444-000000000099");
    EXPECT_EQ(code_of([&] { trials_.make(plan); }), Code::not_supported);
    EXPECT_EQ(hypervisor_.domains().size(), 2u);
    EXPECT_FALSE(std::filesystem::exists(data_ / "tests"));
}

TEST_F(TrialsTest, TheGroupHasANetworkOfItsOwnAndNoOther) {
    TrialPlan plan = trial();
    for (VmDefinition& vm : plan.point.vms) {
        const std::string end = "</devices>";
        vm.domain_xml.replace(vm.domain_xml.find(end), 0,
                              "<interface type='udp'><mac address='52:54:00:00:00:01'/>"
                              "<source address='127.0.0.1' port='1'><local address='127.0.0.1' "
                              "port='2'/></source><model type='virtio'/></interface>");
    }
    ASSERT_TRUE(trials_.make(plan).empty());
    std::string source;
    for (const VmId vm : {test_one, test_two}) {
        const std::string xml = hypervisor_.domain(vm).xml;
        EXPECT_NE(xml.find("52:54:00:00:00:01"), std::string::npos);
        EXPECT_EQ(xml.find("<local"), std::string::npos);
        const auto at = xml.find("<source address='239.");
        ASSERT_NE(at, std::string::npos) << xml;
        const std::string here = xml.substr(at, xml.find("/>", at) - at);
        EXPECT_TRUE(source.empty() || source == here);
        source = here;
        hypervisor_.start(vm);
    }
    trials_.remove(id, {test_one, test_two});
}

}  // namespace
}  // namespace reviver::recovery
