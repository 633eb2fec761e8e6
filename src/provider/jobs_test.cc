// How a job that failed says why.
#include "cim/object_manager.h"
#include "provider/names.h"
#include "provider/test_site.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace reviver::provider {
namespace {

using replication::Collection;

const CollectionId shop = *CollectionId::parse("00000000-0000-4000-8000-000000000001");
const VmId web = *VmId::parse("11111111-2222-3333-4444-000000000001");
const VmId db = *VmId::parse("11111111-2222-3333-4444-000000000002");

class JobErrors : public testing::Test {
  protected:
    JobErrors() { objects_.add_namespace(std::move(site_.cluster)); }

    cim::ObjectPath failed(const Error& error) {
        Job job;
        job.collection = shop;
        return path_of_job(site_.engine.jobs().note_refusal(job, error));
    }
    cim::Instance shown(const cim::ObjectPath& job) { return objects_.get(who_, job); }
    std::vector<cim::Instance> errors(const cim::ObjectPath& job) {
        std::vector<cim::Instance> result;
        const auto answer = objects_.invoke(who_, job, "GetErrorEx", {});
        for (const auto& error : answer.out.at("Errors").elements())
            result.push_back(error.as_instance());
        return result;
    }
    cim::Instance error(const cim::ObjectPath& job) {
        return objects_.invoke(who_, job, "GetError", {}).out.at("Error").as_instance();
    }

    TestSite site_;
    cim::ObjectManager objects_{std::make_shared<cim::RoleAuthorizer>()};
    cim::Principal who_{"person", {cim::Role::administrator}};
};

std::string text_in(const cim::Instance& instance, const char* property) {
    return instance.get(property).as_string();
}

// There was one for the whole group, however many of its members an operation failed for.
TEST_F(JobErrors, ThereIsOneForEachMemberThatFailed) {
    const auto job = failed(Error(Code::failed, "2 of 3 VMs could not be set up",
                                  {{web.text(), Code::in_use, "VM 'web': busy"},
                                   {db.text(), Code::timeout, "VM 'db': no answer"}}));
    const auto all = errors(job);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(text_in(all[0], "Message"), "VM 'web': busy");
    EXPECT_EQ(text_in(all[0], "MessageID"), "32774");
    EXPECT_EQ(text_in(all[0], "ErrorSource"), path_of_vm(web).text());
    EXPECT_EQ(text_in(all[1], "Message"), "VM 'db': no answer");
    EXPECT_EQ(text_in(all[1], "MessageID"), "32772");
    EXPECT_EQ(text_in(all[1], "ErrorSource"), path_of_vm(db).text());

    EXPECT_EQ(text_in(error(job), "Message"), "VM 'web': busy");
    const auto instance = shown(job);
    EXPECT_EQ(instance.get("ErrorCode").as_unsigned(), 32774u);
    EXPECT_EQ(text_in(instance, "ErrorDescription"), "VM 'web': busy");
    EXPECT_EQ(text_in(instance, "ErrorSummaryDescription"), "2 of 3 VMs could not be set up");
}

Collection replica_of_shop() {
    Collection c;
    c.id = shop;
    c.name = "shop";
    c.place = {Role::replica, State::replicating};
    c.epoch = Epoch{1};
    c.peer = "west";
    c.settings.recovery_connection_point = "east";
    c.initial_complete = true;
    return c;
}

// From the machines through the engine into the job.
TEST(JobErrorsOfAFailover, NameEachVmAndWhatToDo) {
    TestSite site({{replica_of_shop()}, {}, Code::stopped});
    site.receive_a_point(shop, {{web, "web", "<domain/>"}, {db, "db", "<domain/>"}});
    const JobId id = site.engine.initiate_failover(shop, std::nullopt, "person");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (site.engine.jobs().find(id)->state == JobState::running &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    const Job job = *site.engine.jobs().find(id);
    ASSERT_EQ(job.member_errors.size(), 2u) << job.error;
    EXPECT_EQ(job.member_errors[0].vm, web);
    EXPECT_EQ(job.member_errors[1].vm, db);
    for (const MemberError& error : job.member_errors) {
        EXPECT_TRUE(error.text.starts_with("VM '")) << error.text;
        EXPECT_TRUE(error.text.ends_with("; mend that and fail over again")) << error.text;
    }
}

// The answer was 32779, and the ErrorCode of the job that says why 32773: that of a parameter that
// can never be right.
TEST_F(JobErrors, APathThatLeadsToNothingIsNoInvalidParameter) {
    cim::ObjectManager virtualization{std::make_shared<cim::RoleAuthorizer>()};
    virtualization.add_namespace(std::move(site_.single));
    cim::Arguments in;
    in["InitialReplicationImportLocation"] = std::string("/no/such/directory");
    const auto answer = virtualization.invoke(
        who_, cim::ObjectPath::parse("Msvm_ReplicationService"), "ImportInitialReplica", in);
    EXPECT_EQ(answer.return_value, 32779u);
    const auto job = *JobId::parse(answer.out.at("Job").as_reference().key_text("InstanceID"));
    EXPECT_EQ(shown(path_of_job(job)).get("ErrorCode").as_unsigned(), 32779u);
}

TEST_F(JobErrors, OneThatIsAboutNoMemberIsOfTheCollection) {
    const auto job = failed(Error(Code::unavailable, "no answer from west"));
    const auto all = errors(job);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(text_in(all[0], "Message"), "no answer from west");
    EXPECT_EQ(text_in(all[0], "MessageID"), "32777");
    EXPECT_EQ(text_in(all[0], "ErrorSource"),
              path_of_collection("Msvm_VirtualSystemCollection", shop).text());
    EXPECT_EQ(shown(job).get("ErrorCode").as_unsigned(), 32777u);
}

}  // namespace
}  // namespace reviver::provider
