// Commands against a site that pretends: what they ask for, and what people and scripts get to see.

#include "cli/commands.h"

#include "cim/embedded_text.h"
#include "cli/pretend_site.h"
#include "cli/settings.h"
#include "cli/text_format.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace reviver::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* shop_id = "6f1c0a52-0000-4000-8000-000000000001";
constexpr const char* web_id = "6f1c0a52-0000-4000-8000-00000000000a";
constexpr const char* other_id = "6f1c0a52-0000-4000-8000-00000000000b";
constexpr const char* job_id = "6f1c0a52-0000-4000-8000-0000000000ff";

class Commands : public testing::Test {
  protected:
    Commands() {
        add_service(replication_service);
        add_service(collection_service);
        add_service(site_service);
        add_vm(web_id, "web", 2);
        add_vm(other_id, "other", 3);
        collection_ = &pretend_.instances("Msvm_VirtualSystemCollection");
        add_collection(shop_id, "shop");
        cim::Instance link("Msvm_CollectedVirtualSystems");
        link.set("Collection", path_of_collection(shop_id));
        link.set("Member", path_of_vm(web_id));
        pretend_.instances("Msvm_CollectedVirtualSystems").push_back(link);
        for (const char* empty :
             {"Msvm_CollectionRecoveryPoint", "Msvm_ConcreteJob", "Reviver_Peer",
              "Msvm_CollectionReplicationSettingData", "Reviver_CollectionStatus",
              "Reviver_KeptPoint", "Reviver_SharedDisk"}) {
            pretend_.instances(empty);
        }
    }

    static cim::ObjectPath path_of_collection(const std::string& id) {
        return cim::ObjectPath("Msvm_VirtualSystemCollection", {{"CollectionID", id}});
    }
    static cim::ObjectPath path_of_vm(const std::string& id) {
        return cim::ObjectPath("Msvm_ComputerSystem",
                               {{"CreationClassName", "Msvm_ComputerSystem"}, {"Name", id}});
    }
    static cim::ObjectPath path_of_job() {
        return cim::ObjectPath("Msvm_ConcreteJob", {{"InstanceID", job_id}});
    }
    void add_service(const char* class_name) {
        cim::Instance service(class_name);
        service.set("SystemCreationClassName", "Msvm_ComputerSystem");
        service.set("SystemName", "east");
        service.set("CreationClassName", class_name);
        service.set("Name", "svc");
        pretend_.instances(class_name).push_back(service);
    }
    void add_vm(const char* id, const char* name, std::uint16_t power) {
        cim::Instance vm("Msvm_ComputerSystem");
        vm.set("CreationClassName", "Msvm_ComputerSystem").set("Name", id);
        vm.set("ElementName", name).set("EnabledState", power);
        pretend_.instances("Msvm_ComputerSystem").push_back(vm);
    }
    void add_collection(const char* id, const char* name) {
        cim::Instance collection("Msvm_VirtualSystemCollection");
        collection.set("CollectionID", id).set("ElementName", name);
        collection.set("ReplicationState", std::uint16_t{0});
        collection.set("ReplicationMode", std::uint16_t{0});
        collection_->push_back(collection);
    }
    void add_job(std::uint16_t state, const char* error) {
        cim::Instance job("Msvm_ConcreteJob");
        job.set("InstanceID", job_id).set("ElementName", "Fail over 'shop'");
        job.set("JobState", state).set("PercentComplete", std::uint16_t{100});
        job.set("Description", "2 virtual machines prepared");
        job.set("ErrorDescription", error);
        pretend_.instances("Msvm_ConcreteJob") = {job};
    }
    static std::string point_id(const std::string& sequence) {
        return fmt::format("Reviver:{}\\{}", shop_id, sequence);
    }
    void add_point(const std::string& sequence) {
        cim::Instance point("Msvm_CollectionRecoveryPoint");
        point.set("InstanceID", point_id(sequence)).set("CollectionID", shop_id);
        pretend_.instances("Msvm_CollectionRecoveryPoint").push_back(point);
    }
    void add_why_kept(const std::string& sequence, const std::string& why) {
        cim::Instance kept("Reviver_KeptPoint");
        kept.set("InstanceID", point_id(sequence)).set("CollectionID", shop_id);
        kept.set("KeptAs", std::vector<std::string>{"daily", why});
        pretend_.instances("Reviver_KeptPoint").push_back(kept);
    }
    void replicate(std::uint16_t mode, std::uint16_t state) {
        collection_->front().set("ReplicationMode", mode).set("ReplicationState", state);
        cim::Instance settings("Msvm_CollectionReplicationSettingData");
        settings.set("InstanceID", std::string("Reviver:") + shop_id + "\\HVR");
        settings.set("RecoveryConnectionPoint", "west").set("PrimaryConnectionPoint", "east");
        settings.set("ReplicationInterval", std::uint16_t{30});
        settings.set("RecoveryHistory", std::uint16_t{7});
        settings.set("IncludedDisks", std::vector<std::string>{std::string(web_id) + "/vda"});
        pretend_.instances("Msvm_CollectionReplicationSettingData") = {settings};
    }
    // Answers with the job, and notes what was asked for.
    PretendSite::Answer job_and_note() {
        return [this](const cim::Call& call) {
            calls_.push_back(call.method);
            arguments_ = call.in;
            cim::MethodResult result;
            result.return_value = 4096;
            result.out["Job"] = path_of_job();
            return result;
        };
    }
    PretendSite::Answer note(std::uint32_t return_value = 0) {
        return [this, return_value](const cim::Call& call) {
            calls_.push_back(call.method + " " + call.object.key_text("Name"));
            arguments_ = call.in;
            cim::MethodResult result;
            result.return_value = return_value;
            return result;
        };
    }

    // Runs a command as main() would; its output and its error.
    std::string run(void (*command)(const Session&)) {
        if (!site_) site_.emplace(pretend_.open());
        std::istringstream in(typed_);
        std::ostringstream out, err;
        Console console{in, out, err};
        console.can_ask = !typed_.empty();
        console.json = arguments.json;
        try {
            command({arguments, console, *site_});
        } catch (const Error& error) {
            return "error: " + std::string(error.what());
        }
        return out.str();
    }
    boost::json::value json(void (*command)(const Session&)) {
        arguments.json = true;
        return boost::json::parse(run(command));
    }

    PretendSite pretend_;
    PretendSite::Instances* collection_ = nullptr;
    std::optional<RemoteSite> site_;
    Arguments arguments;
    std::string typed_;
    std::vector<std::string> calls_;
    cim::Arguments arguments_;
};

TEST_F(Commands, VmsAreListedForPeopleAndForScripts) {
    EXPECT_THAT(run(list_vms), AllOf(HasSubstr("web    running"), HasSubstr("other  off")));
    boost::json::array vms = json(list_vms).as_array();
    ASSERT_EQ(vms.size(), 2u);
    EXPECT_EQ(vms[0].at("ElementName"), "web");
    EXPECT_EQ(vms[0].at("EnabledState"), 2) << "a number, as the schema says";
}

TEST_F(Commands, VmsAreNamedByNameOrIdAndNothingElse) {
    pretend_.answer("Msvm_ComputerSystem", "RequestStateChange", note());
    arguments.vms = {"web", other_id};
    EXPECT_THAT(run(start_vms), HasSubstr("other: started"));
    EXPECT_EQ(calls_, (std::vector<std::string>{std::string("RequestStateChange ") + web_id,
                                                std::string("RequestStateChange ") + other_id}));
    EXPECT_EQ(arguments_.at("RequestedState").as_unsigned(), 2u);
    arguments.vms = {"nobody"};
    EXPECT_THAT(run(kill_vms), HasSubstr("no VM \"nobody\""));
}

TEST_F(Commands, ANameThatTwoHaveIsRefusedWithTheirIds) {
    add_collection(other_id, "shop");
    arguments.collection = "shop";
    EXPECT_THAT(run(show_points), AllOf(HasSubstr("error: several collections"), HasSubstr(shop_id),
                                        HasSubstr(other_id)));
    arguments.collection = shop_id;
    EXPECT_THAT(run(show_points), HasSubstr("no recovery points"));
}

TEST_F(Commands, MembersAreLookedUpBeforeAnyIsAdded) {
    pretend_.answer(collection_service, "AddMember", note());
    arguments.collection = "shop";
    arguments.vms = {"other", "nobody"};
    EXPECT_THAT(run(add_members), HasSubstr("error:"));
    EXPECT_TRUE(calls_.empty());
    arguments.vms = {"other"};
    EXPECT_EQ(run(add_members), "shop: other added\n");
    EXPECT_TRUE(arguments_.at("Member").as_reference().same_object(path_of_vm(other_id)));
}

TEST_F(Commands, AFailoverGoesToThePointThatWasNamed) {
    for (int sequence : {3, 12}) {
        cim::Instance point("Msvm_CollectionRecoveryPoint");
        point.set("InstanceID", fmt::format("Reviver:{}\\{}", shop_id, sequence));
        point.set("CollectionID", shop_id).set("ConsistencyLevel", std::uint16_t{3});
        point.set("CreationTime", cim::DateTime::at(1'000'000));
        pretend_.instances("Msvm_CollectionRecoveryPoint").push_back(point);
    }
    pretend_.answer(replication_service, "InitiateFailover", job_and_note());
    add_job(7, "");
    arguments.collection = "shop";
    arguments.point = "12";
    EXPECT_EQ(run(fail_over), std::string(job_id) + "\n") << "not told to wait: the job's id";
    EXPECT_EQ(arguments_.at("CollectionRecoveryPoint").as_reference().key_text("InstanceID"),
              fmt::format("Reviver:{}\\12", shop_id));
    arguments.point = "4";
    EXPECT_THAT(run(fail_over), HasSubstr("no point \"4\""));
    arguments.point = latest_point;
    arguments.wait = true;
    EXPECT_THAT(run(fail_over),
                AllOf(HasSubstr("shop: failed over"), HasSubstr("2 virtual machines prepared")));
    EXPECT_TRUE(arguments_.at("CollectionRecoveryPoint").is_null());
    EXPECT_THAT(run(show_points),
                AllOf(HasSubstr("POINT"), HasSubstr("\n12 "), HasSubstr("group crash")));
}

TEST_F(Commands, ATestIsMadeAndThenItsOwnMembersAreStarted) {
    pretend_.answer(replication_service, "TestReplicaCollection", [this](const cim::Call& call) {
        cim::MethodResult result = job_and_note()(call);
        result.out["ResultingCollection"] = path_of_collection(other_id);
        return result;
    });
    pretend_.answer(replication_service, "RevertTestReplicaCollection", job_and_note());
    pretend_.answer(site_service, "StartMembers", note());
    add_job(7, "");
    arguments.collection = "shop";
    arguments.start = true;
    EXPECT_THAT(run(test_failover), HasSubstr("shop - Test: its virtual machines are started"));
    EXPECT_TRUE(
        arguments_.at("Collection").as_reference().same_object(path_of_collection(other_id)));
    arguments.start = false;
    arguments.revert = true;
    arguments.wait = true;
    EXPECT_THAT(run(test_failover), HasSubstr("the test is gone"));
    EXPECT_TRUE(
        arguments_.at("Collection").as_reference().same_object(path_of_collection(shop_id)));
}

TEST_F(Commands, AJobThatFailsFailsTheCommandWithItsReason) {
    pretend_.answer(replication_service, "CommitFailover", job_and_note());
    add_job(10, "the disk is full; free 3 GiB");
    arguments.collection = "shop";
    arguments.wait = true;
    EXPECT_THAT(run(commit_failover), HasSubstr("failed: the disk is full; free 3 GiB"));
    EXPECT_THAT(run(list_jobs), AllOf(HasSubstr("failed"), HasSubstr("the disk is full")));
    arguments.id = job_id;
    EXPECT_EQ(json(show_job).at("JobState"), 10);
}

TEST_F(Commands, WaitingEndsWithItsPatienceAndTheJobGoesOn) {
    pretend_.answer(replication_service, "StartReplication", job_and_note());
    add_job(4, "");
    arguments.collection = "shop";
    arguments.wait = true;
    arguments.timeout_s = 0;
    EXPECT_THAT(run(start_replication), AllOf(HasSubstr("goes on"), HasSubstr(job_id)));
    EXPECT_EQ(arguments_.at("InitialReplicationType").as_unsigned(), 1u);
}

TEST_F(Commands, ARefusalIsToldWithTheReasonOfTheSite) {
    pretend_.answer(replication_service, "SuspendReplication", note(32775));
    pretend_.answer(replication_service, "RevertFailover", [this](const cim::Call& call) {
        cim::MethodResult result = note(32775)(call);
        result.out["Job"] = path_of_job();
        return result;
    });
    add_job(10, "'shop' is replicating; there is no failover to revert");
    arguments.collection = "shop";
    EXPECT_THAT(run(suspend_replication), HasSubstr("not possible in the present state"));
    EXPECT_EQ(run(revert_failover), "error: 'shop' is replicating; there is no failover to revert");
}

TEST_F(Commands, ModifyHandsOverWhatWasSaidAndNothingElse) {
    pretend_.answer(replication_service, "ModifyReplicationSettings", note());
    arguments.collection = "shop";
    EXPECT_THAT(run(modify_replication), HasSubstr("nothing to change"));
    arguments.interval_s = 30;
    arguments.compression = false;
    EXPECT_THAT(run(modify_replication), HasSubstr("both sites have the new settings"));
    const cim::Instance& settings = arguments_.at("CollectionReplicationSettingData").as_instance();
    EXPECT_EQ(settings.get("ReplicationInterval").as_unsigned(), 30u);
    EXPECT_FALSE(settings.get("CompressionEnabled").as_bool());
    EXPECT_TRUE(settings.get("RecoveryHistory").is_null());
    EXPECT_TRUE(settings.get("RecoveryConnectionPoint").is_null());
}

TEST_F(Commands, ModifyChoosesDisksFromThoseThatAreReplicated) {
    const std::vector<std::string> present{"id/vda", "id/vdb"};
    const auto chosen = [&](bool named, const std::vector<std::string>& include,
                            const std::vector<std::string>& exclude) {
        return changed_disks(present, named, include, exclude);
    };
    using Disks = std::vector<std::string>;
    EXPECT_EQ(chosen(true, {"id/vdc", "id/vda"}, {}), (Disks{"id/vda", "id/vdb", "id/vdc"}));
    EXPECT_EQ(chosen(false, {}, {"id/vdb"}), Disks{"id/vda"});
    EXPECT_EQ(chosen(false, {"id/vdc"}, {"id/vdb"}), (Disks{"id/vda", "id/vdc"}));
    EXPECT_THROW(chosen(false, {"id/vdc"}, {}), Error);
    EXPECT_THROW(chosen(true, {}, {"id/vdc"}), Error);
    EXPECT_THROW(chosen(true, {}, present), Error);
}

TEST_F(Commands, ModifyCancelsAnUpdateOfTheDiskSet) {
    pretend_.answer(replication_service, "CancelUpdateDiskSet", note());
    arguments.collection = "shop";
    arguments.cancel_disks = true;
    EXPECT_THAT(run(modify_replication), HasSubstr("back to the disks of before"));
}

TEST_F(Commands, EnableHandsOverSettingsThatTheSiteCanRead) {
    pretend_.answer(replication_service, "CreateReplicationRelationship", note());
    arguments.collection = "shop";
    arguments.to = "west";
    arguments.history = 5;
    arguments.disks = {"web/vdb"};
    EXPECT_THAT(run(enable_replication), HasSubstr("shop: enabled to west"));
    const cim::Instance& settings = arguments_.at("CollectionReplicationSettingData").as_instance();
    EXPECT_EQ(settings.get("RecoveryConnectionPoint").as_string(), "west");
    EXPECT_EQ(settings.get("RecoveryHistory").as_unsigned(), 5u);
    EXPECT_TRUE(settings.get("ReplicationInterval").is_null());
    EXPECT_EQ(settings.get("IncludedDisks").as_strings(),
              std::vector<std::string>{std::string(web_id) + "/vdb"});
    arguments.disks = {"web"};
    EXPECT_THAT(run(enable_replication), HasSubstr("write VM/TARGET"));
}

// Points know a shared disk by its own id and name, whatever VMs call it.
TEST_F(Commands, ASharedDiskIsChosenByItsName) {
    pretend_.answer(replication_service, "CreateReplicationRelationship", note());
    cim::Instance shared("Reviver_SharedDisk");
    shared.set("DiskId", other_id).set("Name", "quorum");
    pretend_.instances("Reviver_SharedDisk").push_back(shared);
    arguments.collection = "shop";
    arguments.to = "west";
    arguments.disks = {"web/vda", "quorum"};
    EXPECT_THAT(run(enable_replication), HasSubstr("shop: enabled to west"));
    const cim::Instance& settings = arguments_.at("CollectionReplicationSettingData").as_instance();
    EXPECT_EQ(settings.get("IncludedDisks").as_strings(),
              (std::vector<std::string>{std::string(web_id) + "/vda",
                                        std::string(other_id) + "/quorum"}));
    arguments.disks = {"quorum/vda"};
    EXPECT_THAT(run(enable_replication), HasSubstr("no VM \"quorum\""));
}

TEST_F(Commands, AReverseGoesToWhereTheDataCameFrom) {
    pretend_.answer(replication_service, "ReverseReplicationRelationship", note());
    replicate(2, 6);
    arguments.collection = "shop";
    EXPECT_THAT(run(reverse_replication), HasSubstr("replicates in the other direction"));
    const cim::Instance& settings = arguments_.at("CollectionReplicationSettingData").as_instance();
    EXPECT_EQ(settings.get("RecoveryConnectionPoint").as_string(), "east");
    EXPECT_EQ(settings.get("ReplicationInterval").as_unsigned(), 30u);
    EXPECT_EQ(settings.get("IncludedDisks").as_strings().size(), 1u);
}

TEST_F(Commands, StatusSaysInWordsHowItIs) {
    replicate(1, 8);
    pretend_.answer(replication_service, "GetReplicationStatistics", [](const cim::Call&) {
        cim::Instance figures("Msvm_CollectionReplicationStatistics");
        figures.set("ReplicationHealth", std::uint32_t{3});
        figures.set("PendingReplicationSize", std::uint64_t{3u << 20});
        figures.set("ReplicationWALSuccessCount", std::uint32_t{41});
        figures.set("LastWALReplicationTime",
                    cim::DateTime::at(now().microseconds() - 200'000'000));
        figures.set("LastTestFailoverTime", cim::DateTime::at(1'900'000'000'000'000));
        cim::MethodResult result;
        result.out["ReplicationStatistics"] = figures;
        result.out["ReplicationHealthIssues"] =
            std::vector<std::string>{"west does not answer; check its reviverd"};
        return result;
    });
    cim::Instance details("Reviver_CollectionStatus");
    details.set("CollectionID", shop_id).set("NewestPoint", std::uint64_t{41});
    details.set("BandwidthLimit", std::uint64_t{2u << 20});
    details.set("HoldMedian", std::uint32_t{14300}).set("HoldPercentile99", std::uint32_t{29000});
    pretend_.instances("Reviver_CollectionStatus") = {details};
    std::string all = run(show_status);
    EXPECT_THAT(all, AllOf(HasSubstr("shop"), HasSubstr("critical"), HasSubstr("to west"),
                           HasSubstr("3 min 2"), HasSubstr("west does not answer")));
    arguments.collection = "shop";
    EXPECT_THAT(run(show_status),
                AllOf(HasSubstr("web (running)"), HasSubstr("3.0 MiB not sent"),
                      HasSubstr("41 done, 0 missed"), HasSubstr("Last point  41 ("),
                      HasSubstr("14.3 ms median"),
                      HasSubstr("2.0 MiB/s now; all collections together no limit")));
    EXPECT_THAT(run(show_statistics), HasSubstr("Last test             2030-03-1"));
    boost::json::value status = json(show_status);
    EXPECT_EQ(status.at("ReplicationState"), 8);
    EXPECT_EQ(status.at("CollectionID"), shop_id);
    EXPECT_EQ(status.at("Statistics").at("PendingReplicationSize"), 3u << 20);
    EXPECT_EQ(status.at("Members").at(0).at("ElementName"), "web");
    EXPECT_EQ(json(show_statistics).at("ReplicationWALSuccessCount"), 41);
}

TEST_F(Commands, PointsSayWhyTheyAreKept) {
    for (const char* sequence : {"4", "7"}) {
        add_point(sequence);
        add_why_kept(sequence, "pinned: failover " + std::string(sequence));
    }
    arguments.collection = "shop";
    EXPECT_THAT(run(show_points), HasSubstr("daily, pinned: failover 7"));
    EXPECT_EQ(json(show_points).at(0).at("KeptAs").at(1), "pinned: failover 4");
    // A site that always has one point more than it says is not asked for ever.
    add_why_kept("8", "newest");
    EXPECT_EQ(json(show_points).at(1).at("KeptAs").at(1), "pinned: failover 7");
}

// The two are two questions. What was the newest point when the first was answered was shown as
// one of every day, by the second answer, when another had come between them.
TEST_F(Commands, APointThatComesBetweenTheQuestionsIsShownAsTheNewest) {
    add_point("4");
    add_why_kept("4", "newest");
    int asked = 0;
    const cim::Transport inner = pretend_.open();
    site_.emplace([&](const std::string& content_type, const std::string& body) {
        const bool why = body.find("/Reviver_KeptPoint") != std::string::npos;
        if (why && ++asked == 1) {
            pretend_.instances("Reviver_KeptPoint").clear();
            add_why_kept("4", "hourly");
            add_point("5");
            add_why_kept("5", "newest");
        }
        return inner(content_type, body);
    });
    arguments.collection = "shop";
    const boost::json::value points = json(show_points);
    ASSERT_EQ(points.as_array().size(), 2u);
    EXPECT_EQ(points.at(0).at("KeptAs").at(1), "hourly");
    EXPECT_EQ(points.at(1).at("KeptAs").at(1), "newest");
}

TEST_F(Commands, StatusOfWhatIsNotReplicatedAsksForNothingMore) {
    EXPECT_THAT(run(show_status), AllOf(HasSubstr("not replicated"), Not(HasSubstr("error"))));
    arguments.collection = "shop";
    EXPECT_THAT(run(show_statistics), HasSubstr("not replicated and has no statistics"));
}

TEST_F(Commands, APeerIsAddedOnlyWhenItsFingerprintIsRight) {
    std::string fingerprint(64, 'a');
    pretend_.answer(site_service, "FetchPeerFingerprint", [&](const cim::Call&) {
        cim::MethodResult result;
        result.out["Fingerprint"] = fingerprint;
        return result;
    });
    pretend_.answer(site_service, "GetSiteInfo", [&](const cim::Call&) {
        cim::MethodResult result;
        result.out["Name"] = "east";
        result.out["Fingerprint"] = std::string(64, 'b');
        result.out["PeerHost"] = "east.example.org";
        result.out["PeerPort"] = std::uint16_t{7443};
        return result;
    });
    pretend_.answer(site_service, "AddPeer", note());
    arguments.peer = "west.example.org:7443";
    arguments.name = "west";
    arguments.fingerprint = std::string(64, 'c');
    EXPECT_THAT(run(pair_sites), HasSubstr("answers somebody else"));
    arguments.fingerprint = "";
    EXPECT_THAT(run(pair_sites), HasSubstr("give --yes")) << "nobody is there to compare";
    typed_ = "n\n";
    EXPECT_THAT(run(pair_sites), HasSubstr("nobody was paired"));
    EXPECT_TRUE(calls_.empty());
    typed_ = "y\n";
    EXPECT_THAT(run(pair_sites), HasSubstr("pair --name east --peer east.example.org:7443"));
    EXPECT_EQ(arguments_.at("Fingerprint").as_string(), fingerprint);
    EXPECT_EQ(arguments_.at("Port").as_unsigned(), 7443u);
    typed_ = "";
    arguments.fingerprint = fingerprint_text(fingerprint);
    EXPECT_THAT(run(pair_sites), HasSubstr("west is a peer of east")) << "known: no question";
}

}  // namespace
}  // namespace reviver::cli
