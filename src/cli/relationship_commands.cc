#include "cli/commands.h"
#include "cli/settings.h"

#include <fmt/format.h>

namespace reviver::cli {
namespace {

constexpr std::uint16_t network_transfer = 1;  // InitialReplicationType

void call_for_collection(const Session& session, const char* service, const char* method,
                         const char* title, const char* done) {
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted = session.site.call(service, method, {{"Collection", collection.path}});
    finish(session, accepted, fmt::format("{} {}", title, collection.name),
           fmt::format("{}: {}", collection.name, done));
}

}  // namespace

void enable_replication(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    std::vector<std::string> disks;
    for (const std::string& disk : session.arguments.disks) {
        disks.push_back(disk_id(session.site, disk));
    }
    cim::Instance settings = new_settings(session.arguments, disks);
    Accepted accepted = session.site.call(
        replication_service, "CreateReplicationRelationship",
        {{"Collection", collection.path}, {"CollectionReplicationSettingData", settings}});
    finish(session, accepted, "enable " + collection.name,
           fmt::format("{}: enabled to {}; `reviver start {}` begins the initial replication",
                       collection.name, session.arguments.to, session.arguments.collection));
}

void start_replication(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted = session.site.call(
        replication_service, "StartReplication",
        {{"Collection", collection.path}, {"InitialReplicationType", network_transfer}});
    finish(session, accepted, "initial replication of " + collection.name,
           collection.name + ": initial replication is complete");
}

void suspend_replication(const Session& session) {
    call_for_collection(session, replication_service, "SuspendReplication", "suspend",
                        "suspended; `reviver resume` goes on");
}

void resume_replication(const Session& session) {
    call_for_collection(session, replication_service, "ResumeReplication", "resume", "replicating");
}

void remove_replication(const Session& session) {
    call_for_collection(
        session, replication_service, "RemoveReplicationRelationship", "remove",
        "no longer replicated here; the other site is told by `reviver remove` there");
}

void scrub_collection(const Session& session) {
    call_for_collection(session, site_service, "Scrub", "scrub", "no damage found");
}

}  // namespace reviver::cli
