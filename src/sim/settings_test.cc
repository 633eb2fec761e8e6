// Every setting of a relationship is changed while it replicates: both sites have it then, and no
// cycle and no resynchronization is lost to it.
#include "sim/person.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

using namespace std::chrono_literals;

struct Row {
    std::string what;
    std::function<void(Settings&)> change;
};

const std::string shop_vda = "00000000-0000-0000-0000-000000000001/vda";

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
        {"IncludedDisks, fewer", [](Settings& s) { s.included_disks = {shop_vda}; }},
        {"IncludedDisks, all", [](Settings& s) { s.included_disks = {}; }},
    };
    return all;
}

class SettingsRun {
  public:
    SettingsRun()
        : simulation_(1),
          world_{simulation_,
                 book_,
                 EngineMutant::none,
                 CollectionId(*Uuid::parse("11111111-2222-4333-8444-555555555555")),
                 0,
                 {}},
          east_(world_, simulation_.add_site("east"), "west"),
          west_(world_, simulation_.add_site("west"), "east"),
          person_(world_, east_, west_, simulation_.prng().fork()) {
        Hypervisor& host = east_.hypervisor();
        for (const char* target : {"vda", "vdb"})
            host.make_image(std::string("/images/") + target, 128 << 10);
        host.vms()[*VmId::parse("00000000-0000-0000-0000-000000000001")] = {
            "shop", {{"vda", "/images/vda"}, {"vdb", "/images/vdb"}}, "", false, 0};
        for (auto& [id, vm] : host.vms()) host.start(id);
        host.write_something();
    }

    void run() {
        simulation_.run([this] {
            east_.boot();
            west_.boot();
            simulation_.until(
                [this] {
                    person_.ask_for_what_is_due();
                    return person_.settled();
                },
                10min, "the group replicates");
            for (const Row& row : rows()) change(row);
        });
    }

  private:
    void change(const Row& row) {
        Settings wanted = east_.collection()->settings;
        row.change(wanted);
        std::optional<JobId> job;
        east_.request(
            [&](replication::Engine& e) {
                job = e.modify_settings(world_.collection, wanted, "test");
            },
            false);
        simulation_.until([&] { return job.has_value(); }, 1min, row.what + " is asked for");
        simulation_.until([&] { return watch(*job, row.what); }, 1min, row.what + " is changed");
        EXPECT_EQ(east_.collection()->settings, wanted) << row.what;
        EXPECT_EQ(west_.collection()->settings, wanted) << row.what;
        const auto points = book_.acknowledgements();
        east_.hypervisor().write_something();
        simulation_.until(
            [&] {
                watch(*job, row.what);
                return book_.acknowledgements() >= points + 2;
            },
            sys::Duration(std::chrono::seconds(3 * wanted.interval_s)),
            row.what + ": points go on");
        EXPECT_TRUE(person_.settled()) << row.what;
        EXPECT_EQ(east_.engine()->statistics(world_.collection).miss_count, 0u) << row.what;
    }

    // True when the job has ended well. All the time the group replicates.
    bool watch(JobId id, const std::string& what) {
        const auto job = east_.engine()->jobs().find(id);
        EXPECT_TRUE(job && job->state != JobState::exception) << what << ": " << job->error;
        EXPECT_EQ(east_.collection()->place.state, State::replicating) << what;
        return job->state == JobState::completed;
    }

    Simulation simulation_;
    PointBook book_;
    EngineWorld world_;
    EngineSite east_;
    EngineSite west_;
    Person person_;
};

TEST(Settings, EachMayChangeWhileTheGroupReplicates) {
    SettingsRun().run();
}

}  // namespace
}  // namespace reviver::sim
