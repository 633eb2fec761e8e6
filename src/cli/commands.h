// The commands of reviver(1). Each asks the site, prints the answer, and throws Error when it
// failed.
#pragma once

#include "cli/session.h"

namespace reviver::cli {

// vm_commands.cc
void list_vms(const Session& session);
void start_vms(const Session& session);
void stop_vms(const Session& session);
void kill_vms(const Session& session);

// collection_commands.cc
void list_collections(const Session& session);
void create_collection(const Session& session);
void add_members(const Session& session);
void remove_members(const Session& session);
void rename_collection(const Session& session);
void destroy_collection(const Session& session);

// relationship_commands.cc
void enable_replication(const Session& session);
void modify_replication(const Session& session);
void start_replication(const Session& session);
void import_replica(const Session& session);
void resynchronize(const Session& session);
void suspend_replication(const Session& session);
void resume_replication(const Session& session);
void remove_replication(const Session& session);
void scrub_collection(const Session& session);

// failover_commands.cc
void fail_over(const Session& session);
void test_failover(const Session& session);
void revert_failover(const Session& session);
void commit_failover(const Session& session);
void reverse_replication(const Session& session);
void plan_failover(const Session& session);
void prepare_reverse(const Session& session);

// status_commands.cc
void show_status(const Session& session);
void show_points(const Session& session);
void remove_point(const Session& session);
void show_statistics(const Session& session);

// job_commands.cc
void list_jobs(const Session& session);
void show_job(const Session& session);
void wait_for_job(const Session& session);
void cancel_job(const Session& session);

// shared_disk_commands.cc
void list_shared_disks(const Session& session);
void add_shared_disk(const Session& session);
void remove_shared_disk(const Session& session);
void show_shared_disk(const Session& session);

// peer_commands.cc
void pair_sites(const Session& session);
void list_peers(const Session& session);
void unpair_site(const Session& session);

// site_commands.cc; the first two need no daemon
void init_site(const Arguments& arguments, const Console& console);
void show_fingerprint(const Arguments& arguments, const Console& console);
void identify(const Session& session);

// user_commands.cc; no daemon is needed
void list_users(const Arguments& arguments, const Console& console);
void add_user(const Arguments& arguments, const Console& console);
void change_password(const Arguments& arguments, const Console& console);
void change_roles(const Arguments& arguments, const Console& console);
void change_certificates(const Arguments& arguments, const Console& console);
void remove_user(const Arguments& arguments, const Console& console);

// audit_commands.cc; no daemon is needed
void verify_audit_log(const Arguments& arguments, const Console& console);
void show_audit_log(const Arguments& arguments, const Console& console);

// The exit code. Errors are told on the console.
int run_command(const Arguments& arguments, const Console& console);

}  // namespace reviver::cli
