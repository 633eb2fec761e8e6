#include "recovery/trials.h"

#include "hypervisor/shared_socket.h"
#include "recovery/power.h"
#include "recovery/test_site.h"
#include "sharing/with_shared_disks.h"

#include <gmock/gmock.h>

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

// Two VMs at the point's site had one disk more, served by a storage daemon.
class SharedTrialsTest : public TrialsTest {
  protected:
    SharedTrialsTest() { make_chain(quorum); }

    TrialPlan shared_trial() const {
        TrialPlan plan = trial();
        plan.point.disks.push_back(
            {quorum, disk_size, top(quorum), "qcow2", base(quorum), bitmap_of(quorum)});
        for (VmDefinition& vm : plan.point.vms) {
            const std::string element =
                hypervisor::shared_disk_element("/other-site", quorum.vm, vm.id, "vdc");
            vm.domain_xml.insert(vm.domain_xml.find("<controller"), element);
        }
        return plan;
    }
    void expect_nothing_left_of_shared() {
        expect_nothing_left();
        EXPECT_TRUE(disks_.list().empty());
        EXPECT_TRUE(std::filesystem::is_empty(data_ / "shared"));
    }

    const DiskKey quorum{*VmId::parse("99999999-2222-3333-4444-000000000099"), "quorum"};
    sharing::SharedDisks disks_{hypervisor_, sys::linux_world().files, sys::linux_world().random,
                                data_};
    sharing::WithSharedDisks machines_{hypervisor_, disks_};
    Trials shared_trials_{machines_, sys::linux_world().files, data_, &disks_};
};

TEST_F(SharedTrialsTest, AreRefusedWhereNobodyCanServeTheDisk) {
    EXPECT_EQ(code_of([&] { trials_.make(shared_trial()); }), Code::not_supported);
    EXPECT_EQ(hypervisor_.domains().size(), 2u);
    EXPECT_FALSE(std::filesystem::exists(data_ / "tests"));
}

TEST_F(SharedTrialsTest, TheTestHasTheDiskToItselfAndLeavesNothing) {
    const auto before = contents_of_store();
    ASSERT_TRUE(shared_trials_.make(shared_trial()).empty());
    ASSERT_EQ(disks_.list().size(), 1u);
    const sharing::ShownDisk shown = disks_.list().front();
    EXPECT_EQ(shown.disk.name, "quorum-test");
    EXPECT_NE(shown.disk.id, quorum.vm);
    EXPECT_THAT(shown.users, testing::UnorderedElementsAre(test_one, test_two));
    const sys::Path image = disk(shown.disk.id, "quorum");
    EXPECT_TRUE(qemu::same_content(image, "qcow2", top(quorum), "qcow2"));

    start_vms(machines_, {test_one, test_two});
    guest_writes(test_two, "virtio-disk2", "write -P 9 2M 8k");
    // Repeating finds it done, and loses nothing.
    EXPECT_TRUE(shared_trials_.make(shared_trial()).empty());
    for (const VmId vm : {test_one, test_two}) machines_.power_off(vm);
    EXPECT_FALSE(qemu::same_content(image, "qcow2", top(quorum), "qcow2"));
    EXPECT_EQ(contents_of_store(), before);
    for (int times = 0; times < 2; ++times) shared_trials_.remove(id, {test_one, test_two});
    expect_nothing_left_of_shared();
    EXPECT_EQ(contents_of_store(), before);
}

TEST_F(SharedTrialsTest, WhatACrashLeftIsTakenAway) {
    const sys::Path image = disk(*VmId::parse("99999999-0000-0000-0000-00000000000a"), "quorum");
    std::filesystem::create_directories(image.parent_path());
    std::filesystem::create_directories(data_ / "shared");
    std::ofstream(image) << "half";
    shared_trials_.remove(id, {test_one, test_two});
    expect_nothing_left_of_shared();
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
