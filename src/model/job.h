// Jobs: work that outlives the call that asked for it (Msvm_ConcreteJob).
#pragma once

#include "base/error.h"
#include "model/names.h"
#include "sys/clock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace reviver {

// JobState. Jobs are handed out in `running` and end in `completed` or `exception`, because clients
// poll in three different ways and only these three numbers suit all of them.
enum class JobState : std::uint16_t { running = 4, completed = 7, terminated = 8, exception = 10 };

// JobType of Msvm_ConcreteJob, for what the services do.
enum class JobType : std::uint16_t {
    enable_replication = 91,
    modify_replication = 92,
    remove_replication = 93,
    start_replication = 94,
    import_replication = 95,
    suspend_or_resume = 96,
    initiate_failover = 97,
    revert_failover = 98,
    commit_failover = 99,
    planned_failover = 100,
    revert_planned_failover = 101,
    test_failover = 102,
    revert_test_failover = 103,
    reverse_replication = 104,
    resynchronize = 107,
    seeded_replication = 117,
    export_replication = 118,
    update_disk_set = 125,
    scrub = 65000,
};

// What failed for one of the VMs that a job is about.
struct MemberError {
    VmId vm;
    Code code = Code::failed;
    std::string text;
    bool operator==(const MemberError&) const = default;
};

struct Job {
    JobId id;
    JobType type = JobType::start_replication;
    CollectionId collection;
    std::string name;    // for people: "Start replication of 'shop'"
    std::string owner;   // who asked
    std::string method;  // what to continue with after a restart of the daemon, and its argument
    std::string argument;
    CollectionId result;  // what it makes; none when it makes nothing
    JobState state = JobState::running;
    std::uint16_t percent = 0;
    std::string status;  // what it is doing now
    bool cancellable = false;
    sys::WallTime started;
    sys::WallTime ended;                     // valid when not running
    Code code = Code::failed;                // valid in `exception`
    std::string error;                       // all of it; "" unless in `exception`
    std::vector<MemberError> member_errors;  // of those VMs that it failed for, where it says which
    std::string report;                      // what it found worth telling when it completed
};

}  // namespace reviver
