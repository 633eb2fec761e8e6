#include "cli/commands.h"
#include "cli/settings.h"

#include <fmt/format.h>

namespace reviver::cli {
namespace {

constexpr const char* test_suffix = " - Test";

void call_for_collection(const Session& session, const char* method, const char* title,
                         const char* done) {
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted =
        session.site.call(replication_service, method, {{"Collection", collection.path}});
    finish(session, accepted, fmt::format("{} {}", title, collection.name),
           fmt::format("{}: {}", collection.name, done));
}

Accepted call_for_point(const Session& session, const Collection& collection, const char* method) {
    std::vector<cim::NamedValue> in{{"Collection", collection.path}};
    if (session.arguments.point != latest_point) {
        Point point = session.site.point(collection, session.arguments.point);
        in.push_back({"CollectionRecoveryPoint", point.path});
    }
    return session.site.call(replication_service, method, in);
}

}  // namespace

void fail_over(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted = call_for_point(session, collection, "InitiateFailover");
    std::string title = "failover of " + collection.name;
    if (!session.arguments.start) {
        return finish(session, accepted, title,
                      collection.name + ": failed over; its virtual machines can be started");
    }
    wait_for(session, accepted, title);
    Accepted started =
        session.site.call(site_service, "StartMembers", {{"Collection", collection.path}});
    finish(session, started, "start of " + collection.name,
           collection.name + ": failed over, its virtual machines are started");
}

void test_failover(const Session& session) {
    if (session.arguments.revert) {
        return call_for_collection(session, "RevertTestReplicaCollection", "revert the test of",
                                   "the test is gone, and what was written in it");
    }
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted = call_for_point(session, collection, "TestReplicaCollection");
    std::string title = "test of " + collection.name;
    std::string test = collection.name + test_suffix;
    if (!session.arguments.start) {
        return finish(session, accepted, title, test + ": its virtual machines can be started");
    }
    const cim::Value made = accepted.get("ResultingCollection");
    wait_for(session, accepted, title);
    Accepted started = session.site.call(site_service, "StartMembers", {{"Collection", made}});
    finish(session, started, "start of " + test, test + ": its virtual machines are started");
}

void revert_failover(const Session& session) {
    call_for_collection(session, "RevertFailover", "revert", "the failover is undone");
}

void commit_failover(const Session& session) {
    call_for_collection(session, "CommitFailover", "commit", "the failover is final");
}

void reverse_replication(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    cim::Instance settings = reversed_settings(session.site.settings(collection));
    Accepted accepted = session.site.call(
        replication_service, "ReverseReplicationRelationship",
        {{"Collection", collection.path}, {"CollectionReplicationSettingData", settings}});
    finish(session, accepted, "reverse of " + collection.name,
           collection.name + ": replicates in the other direction");
}

void plan_failover(const Session& session) {
    if (session.arguments.cancel) {
        return call_for_collection(session, "RevertPlannedFailover", "cancel planned failover of",
                                   "the planned failover is given up; it replicates again");
    }
    call_for_collection(
        session, "InitiatePlannedFailover", "planned failover of",
        "the last changes are across; `reviver failover` at the other site goes on");
}

void prepare_reverse(const Session& session) {
    call_for_collection(session, "PrepareForReverseReplication", "prepare",
                        "prepared; `reviver reverse` at the other site goes on");
}

}  // namespace reviver::cli
