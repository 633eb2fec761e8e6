#include "base/error.h"
#include "cli/commands.h"
#include "cli/settings.h"

#include <fmt/format.h>

namespace reviver::cli {
namespace {

// InitialReplicationType
constexpr std::uint16_t network_transfer = 1;
constexpr std::uint16_t on_a_medium = 2;
constexpr std::uint16_t seeded_transfer = 3;

void call_for_collection(const Session& session, const char* service, const char* method,
                         const char* title, const char* done) {
    Collection collection = session.site.collection(session.arguments.collection);
    Accepted accepted = session.site.call(service, method, {{"Collection", collection.path}});
    finish(session, accepted, fmt::format("{} {}", title, collection.name),
           fmt::format("{}: {}", collection.name, done));
}

std::uint16_t transfer(const Arguments& arguments) {
    if (!arguments.directory.empty()) return on_a_medium;
    return arguments.seeded ? seeded_transfer : network_transfer;
}

std::string started(const Arguments& arguments) {
    if (!arguments.directory.empty()) return ": the initial copy is in " + arguments.directory;
    if (arguments.at.empty()) return ": initial replication is complete";
    return ": initial replication starts at " + arguments.at;
}

void add_start_time(const Session& session, std::vector<cim::NamedValue>& in) {
    const std::string& at = session.arguments.at;
    if (at.empty()) return;
    const auto time = cim::DateTime::parse_iso(at);
    if (!time) {
        fail(Code::invalid_parameter,
             "'{}' is no time: write 2030-01-31T22:00:00Z, or PT2H for in two hours", at);
    }
    in.push_back({"StartTime", *time});
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

namespace {

std::vector<std::string> ids_of(const Session& session, const std::vector<std::string>& disks) {
    std::vector<std::string> ids;
    for (const std::string& disk : disks) ids.push_back(disk_id(session.site, disk));
    return ids;
}

// What is not named in the settings is what points have, and what is on its way into one.
void set_disks(const Session& session, const Collection& collection, cim::Instance& settings) {
    const Arguments& arguments = session.arguments;
    if (arguments.all_disks) settings.set("IncludedDisks", std::vector<std::string>{});
    if (arguments.include.empty() && arguments.exclude.empty()) return;
    std::vector<std::string> present =
        read_settings(session.site.settings(collection)).included_disks;
    const bool named = !present.empty();
    if (const auto details = session.site.details(collection); !named && details) {
        present = details->disks;
        present.insert(present.end(), details->coming_disks.begin(), details->coming_disks.end());
    }
    settings.set("IncludedDisks", changed_disks(present, named, ids_of(session, arguments.include),
                                                ids_of(session, arguments.exclude)));
}

}  // namespace

void modify_replication(const Session& session) {
    if (session.arguments.cancel_disks) {
        return call_for_collection(session, replication_service, "CancelUpdateDiskSet", "cancel",
                                   "back to the disks of before");
    }
    Collection collection = session.site.collection(session.arguments.collection);
    cim::Instance settings = changed_settings(session.arguments);
    set_disks(session, collection, settings);
    if (settings.properties().empty()) {
        fail(Code::invalid_parameter, "nothing to change: give --interval, --history or the like");
    }
    Accepted accepted = session.site.call(
        replication_service, "ModifyReplicationSettings",
        {{"Collection", collection.path}, {"CollectionReplicationSettingData", settings}});
    finish(session, accepted, "modify " + collection.name,
           collection.name + ": both sites have the new settings");
}

void start_replication(const Session& session) {
    if (session.arguments.cancel) {
        return call_for_collection(session, replication_service, "CancelInitialReplication",
                                   "cancel",
                                   "the initial replication is given up; `reviver start` goes on "
                                   "with what is missing");
    }
    Collection collection = session.site.collection(session.arguments.collection);
    std::vector<cim::NamedValue> in{{"Collection", collection.path},
                                    {"InitialReplicationType", transfer(session.arguments)}};
    const std::string& directory = session.arguments.directory;
    if (!directory.empty()) in.push_back({"InitialReplicationExportLocation", directory});
    add_start_time(session, in);
    Accepted accepted = session.site.call(replication_service, "StartReplication", in);
    finish(session, accepted, "initial replication of " + collection.name,
           collection.name + started(session.arguments));
}

void import_replica(const Session& session) {
    const std::string& directory = session.arguments.directory;
    Accepted accepted = session.site.call_of_vms(vm_replication_service, "ImportInitialReplica",
                                                 {{"InitialReplicationImportLocation", directory}});
    finish(session, accepted, "import of " + directory, directory + ": imported");
}

void resynchronize(const Session& session) {
    if (session.arguments.cancel) {
        return call_for_collection(session, replication_service, "CancelResynchronize", "cancel",
                                   "the resynchronization is given up; `reviver resync` begins it "
                                   "again");
    }
    Collection collection = session.site.collection(session.arguments.collection);
    std::vector<cim::NamedValue> in{{"Collection", collection.path},
                                    {"IncludeSuspended", session.arguments.include_suspended}};
    add_start_time(session, in);
    Accepted accepted = session.site.call(replication_service, "Resynchronize", in);
    finish(session, accepted, "resynchronization of " + collection.name,
           collection.name + (session.arguments.at.empty()
                                  ? ": resynchronized"
                                  : ": resynchronization starts at " + session.arguments.at));
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
