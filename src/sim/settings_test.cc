// Every setting of a relationship is changed while it replicates: both sites have it then, and no
// cycle and no resynchronization is lost to it.
#include "sim/replicating_pair.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

using namespace std::chrono_literals;

struct Row {
    std::string what;
    std::function<void(Settings&)> change;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> all = {
        {"ReplicationInterval", [](Settings& s) { s.interval_s = 2; }},
        {"RecoveryHistory", [](Settings& s) { s.recovery_history = 7; }},
        {"CompressionEnabled", [](Settings& s) { s.compression = !s.compression; }},
        {"AutoResynchronizeEnabled", [](Settings& s) { s.auto_resync = !s.auto_resync; }},
        {"AutoResynchronizeIntervalStart", [](Settings& s) { s.auto_resync_start_s = 3600; }},
        {"AutoResynchronizeIntervalEnd", [](Settings& s) { s.auto_resync_end_s = 7200; }},
        {"ApplicationConsistentSnapshotInterval",
         [](Settings& s) { s.application_interval_h = 4; }},
        {"CertificateThumbPrint", [](Settings& s) { s.certificate_thumbprint = "ab"; }},
        {"RecoveryServerPortNumber", [](Settings& s) { s.recovery_port = 443; }},
        {"BypassProxyServer", [](Settings& s) { s.bypass_proxy = true; }},
        {"ReplicateHostKvpItems", [](Settings& s) { s.replicate_host_kvp = false; }},
        {"RecoveryServerHosts", [](Settings& s) { s.recovery_hosts = {"host"}; }},
        {"PrimaryReplicationEntityIDs", [](Settings& s) { s.primary_entity_ids = {"group"}; }},
        {"IncludedDisks, fewer",
         [](Settings& s) { s.included_disks = {ReplicatingPair::disk("vda")}; }},
        {"IncludedDisks, all", [](Settings& s) { s.included_disks = {}; }},
    };
    return all;
}

class SettingsRun {
  public:
    void run() {
        pair_.run([this] {
            for (const Row& row : rows()) change(row);
        });
    }

  private:
    void change(const Row& row) {
        Settings wanted = pair_.east().collection()->settings;
        row.change(wanted);
        const JobId job = pair_.modify(wanted);
        Simulation& simulation = pair_.simulation();
        simulation.until([&] { return watch(job, row.what); }, 1min, row.what + " is changed");
        EXPECT_EQ(pair_.east().collection()->settings, wanted) << row.what;
        EXPECT_EQ(pair_.west().collection()->settings, wanted) << row.what;
        const auto points = pair_.book().acknowledgements();
        pair_.east().hypervisor().write_something();
        simulation.until(
            [&] {
                watch(job, row.what);
                return pair_.book().acknowledgements() >= points + 2;
            },
            sys::Duration(std::chrono::seconds(3 * wanted.interval_s)),
            row.what + ": points go on");
        EXPECT_TRUE(pair_.person().settled()) << row.what;
        EXPECT_EQ(pair_.east().engine()->statistics(pair_.collection()).miss_count, 0u) << row.what;
    }

    // True when the job has ended well. All the time the group replicates.
    bool watch(JobId id, const std::string& what) {
        const auto job = pair_.east().engine()->jobs().find(id);
        EXPECT_TRUE(job && job->state != JobState::exception) << what << ": " << job->error;
        EXPECT_EQ(pair_.east().collection()->place.state, State::replicating) << what;
        return job->state == JobState::completed;
    }

    ReplicatingPair pair_;
};

TEST(Settings, EachMayChangeWhileTheGroupReplicates) {
    SettingsRun().run();
}

std::vector<std::string> disks_of(const std::vector<DiskShape>& shapes) {
    std::vector<std::string> names;
    for (const DiskShape& shape : shapes) names.push_back(shape.key.text());
    return names;
}

// Disks that were chosen in the middle of a cycle were in the set when the job was done, and in no
// point: the cycle had looked at the settings before, and its point ended the update.
TEST(Settings, AChoiceOfDisksAtAnyMomentOfACycleIsInThePointThatEndsItsJob) {
    ReplicatingPair pair;
    pair.run([&] {
        const std::vector<std::string> both = {pair.disk("vda"), pair.disk("vdb")};
        for (int moment = 0; moment < 40; ++moment) {
            const auto points = pair.book().acknowledgements();
            pair.simulation().until([&] { return pair.book().acknowledgements() > points; }, 10s,
                                    "a point");
            pair.simulation().sleep(960ms + moment * 1500us);
            Settings wanted = pair.east().collection()->settings;
            const bool all = moment % 2 == 1;
            wanted.included_disks.clear();
            if (!all) wanted.included_disks = {both[0]};
            const JobId job = pair.modify(wanted);
            const auto done = [&] {
                return pair.east().engine()->jobs().find(job)->state == JobState::completed;
            };
            pair.simulation().until(done, 1min, "the choice is done");
            const auto expected = all ? both : std::vector<std::string>{both[0]};
            ASSERT_EQ(disks_of(pair.east().collection()->shapes), expected) << moment;
            const auto newest = pair.west().engine()->points(pair.collection()).back();
            ASSERT_EQ(newest.disks.size(), expected.size()) << moment;
        }
    });
}

}  // namespace
}  // namespace reviver::sim
