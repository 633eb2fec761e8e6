// Which command does what, and how errors are told.

#include "base/check.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/text_format.h"

#include <array>
#include <string_view>

namespace reviver::cli {
namespace {

struct Entry {
    std::string_view command;
    void (*run)(const Session& session);
};

constexpr std::array at_a_site = {
    Entry{"vm list", list_vms},
    Entry{"vm start", start_vms},
    Entry{"vm stop", stop_vms},
    Entry{"vm kill", kill_vms},
    Entry{"shared-disk list", list_shared_disks},
    Entry{"shared-disk add", add_shared_disk},
    Entry{"shared-disk remove", remove_shared_disk},
    Entry{"shared-disk show", show_shared_disk},
    Entry{"collection list", list_collections},
    Entry{"collection create", create_collection},
    Entry{"collection add", add_members},
    Entry{"collection rm", remove_members},
    Entry{"collection rename", rename_collection},
    Entry{"collection destroy", destroy_collection},
    Entry{"enable", enable_replication},
    Entry{"modify", modify_replication},
    Entry{"start", start_replication},
    Entry{"import", import_replica},
    Entry{"resync", resynchronize},
    Entry{"suspend", suspend_replication},
    Entry{"resume", resume_replication},
    Entry{"remove", remove_replication},
    Entry{"scrub", scrub_collection},
    Entry{"failover", fail_over},
    Entry{"test", test_failover},
    Entry{"revert", revert_failover},
    Entry{"commit", commit_failover},
    Entry{"reverse", reverse_replication},
    Entry{"planned-failover", plan_failover},
    Entry{"prepare-reverse", prepare_reverse},
    Entry{"status", show_status},
    Entry{"points", show_points},
    Entry{"remove-point", remove_point},
    Entry{"statistics", show_statistics},
    Entry{"job list", list_jobs},
    Entry{"job show", show_job},
    Entry{"job wait", wait_for_job},
    Entry{"job cancel", cancel_job},
    Entry{"pair", pair_sites},
    Entry{"peers", list_peers},
    Entry{"unpair", unpair_site},
    Entry{"identify", identify},
};

struct OfflineEntry {
    std::string_view command;
    void (*run)(const Arguments& arguments, const Console& console);
};

constexpr std::array without_a_daemon = {
    OfflineEntry{"init", init_site},
    OfflineEntry{"fingerprint", show_fingerprint},
    OfflineEntry{"user list", list_users},
    OfflineEntry{"user add", add_user},
    OfflineEntry{"user passwd", change_password},
    OfflineEntry{"user role", change_roles},
    OfflineEntry{"user certificate", change_certificates},
    OfflineEntry{"user remove", remove_user},
    OfflineEntry{"audit verify", verify_audit_log},
    OfflineEntry{"audit show", show_audit_log},
};

void run(const Arguments& arguments, const Console& console) {
    for (const OfflineEntry& entry : without_a_daemon) {
        if (entry.command == arguments.command) return entry.run(arguments, console);
    }
    for (const Entry& entry : at_a_site) {
        if (entry.command != arguments.command) continue;
        RemoteSite site = connect(access_of(arguments), arguments);
        return entry.run({arguments, console, site});
    }
    REVIVER_CHECK(!"the grammar has a command that nothing runs");
}

}  // namespace

int run_command(const Arguments& arguments, const Console& console) {
    try {
        run(arguments, console);
        console.out.flush();
        if (!console.out) fail(Code::no_space, "what this prints cannot be written where it goes");
        return exit_ok;
    } catch (const std::exception& error) {  // the standard library's too: a path that is none
        console.tell("reviver: " + printable(error.what()));
        return exit_failed;
    }
}

}  // namespace reviver::cli
