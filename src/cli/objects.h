// What a site shows of itself, read from the instances of its CIM classes: plain values for the
// commands to print. Those that are printed as JSON keep their instance.
#pragma once

#include "cim/object_path.h"
#include "cim/wsman_client.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reviver::cli {

struct Vm {  // Msvm_ComputerSystem
    cim::Instance instance;
    cim::ObjectPath path;
    std::string id;
    std::string name;
    std::uint64_t power = 0;  // EnabledState
    std::uint64_t replication_mode = 0;
};

struct Collection {  // Msvm_VirtualSystemCollection
    cim::Instance instance;
    cim::ObjectPath path;
    std::string id;
    std::string name;
    std::uint64_t state = 0;  // ReplicationState
    std::uint64_t mode = 0;   // ReplicationMode
    std::optional<cim::DateTime> last_apply;
};

struct Point {  // Msvm_CollectionRecoveryPoint
    cim::Instance instance;
    cim::ObjectPath path;
    std::string collection_id;
    std::uint64_t sequence = 0;
    std::optional<cim::DateTime> created;
    std::uint64_t consistency = 0;
    std::string remark;                  // what is special about it
    std::vector<std::string> kept_as{};  // why it stays: Reviver_KeptPoint
};

struct Job {  // Msvm_ConcreteJob
    cim::Instance instance;
    cim::ObjectPath path;
    std::string id;
    std::string name;
    std::uint64_t state = 0;  // JobState
    std::uint64_t percent = 0;
    std::string status;  // what it is doing
    std::string report;  // what it found worth telling
    std::optional<cim::DateTime> started;
    bool cancellable = false;
    std::uint64_t error_code = 0;
    std::string error;

    bool has_ended() const;
    bool succeeded() const;
};

struct Statistics {  // Msvm_CollectionReplicationStatistics
    cim::Instance instance;
    std::optional<cim::DateTime> from;
    std::optional<cim::DateTime> to;
    std::optional<cim::DateTime> last_cycle;
    std::uint64_t cycles = 0;
    std::uint64_t missed_cycles = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent_bytes_max = 0;
    std::uint64_t pending_bytes = 0;
    std::uint64_t latency_s_max = 0;
    std::uint64_t network_failures = 0;
    std::uint64_t replication_failures = 0;
    std::uint64_t freeze_failures = 0;  // guests that did not freeze
    std::optional<cim::DateTime> last_test;
    std::uint64_t health = 0;
    std::vector<std::string> issues;  // ReplicationHealthIssues
};

struct Settings {  // Msvm_CollectionReplicationSettingData
    cim::Instance instance;
    std::string to;    // RecoveryConnectionPoint
    std::string from;  // PrimaryConnectionPoint
    std::uint64_t interval_s = 0;
    std::uint64_t history = 0;
    std::vector<std::string> included_disks;  // none: all
};

struct Details {  // Reviver_CollectionStatus
    cim::Instance instance;
    std::string peer;
    std::uint64_t newest_point = 0;
    std::uint64_t failover_point = 0;  // 0: none
    std::uint64_t test_point = 0;      // 0: no test
    std::string trouble;
    std::uint64_t bandwidth = 0;       // bytes a second, now; 0: no limit
    std::uint64_t site_bandwidth = 0;  // likewise, of all collections together
    bool fenced = false;
    std::uint64_t hold_us_median = 0;
    std::uint64_t hold_us_p99 = 0;
    std::uint64_t reverse_sent_bytes = 0;  // 0: no reverse yet
    std::uint64_t reverse_differing_bytes = 0;
    std::uint64_t reverse_bitmap_disks = 0;
    std::uint64_t reverse_compared_disks = 0;
    std::vector<std::string> disks;  // of the newest point, on the primary
    bool disk_update = false;
    std::vector<std::string> coming_disks;
    std::uint64_t copied_bytes = 0;
    std::uint64_t copy_bytes = 0;
};

struct Peer {  // Reviver_Peer
    cim::Instance instance;
    std::string name;
    std::string host;
    std::uint64_t port = 0;
    std::string fingerprint;
};

struct SharedDisk {  // Reviver_SharedDisk
    cim::Instance instance;
    std::string id;
    std::string name;
    std::string file;
    std::string format;
    bool served = false;
    std::string trouble;
    std::vector<std::string> vms;  // ids
};

struct SiteInfo {  // Reviver_SiteService.GetSiteInfo
    std::string name;
    std::string site_id;
    std::string fingerprint;
    std::string peer_host;
    std::uint64_t peer_port = 0;
};

bool is_replicated(const Collection& collection);  // it has another side

Vm read_vm(const cim::Enumerated& from);
Collection read_collection(const cim::Enumerated& from);
Point read_point(const cim::Enumerated& from);
Job read_job(const cim::ObjectPath& path, const cim::Instance& from);
Statistics read_statistics(const cim::Instance& from, const std::vector<std::string>& issues);
Settings read_settings(const cim::Instance& from);
Details read_details(const cim::Instance& from);
Peer read_peer(const cim::Instance& from);
SharedDisk read_shared_disk(const cim::Instance& from);

}  // namespace reviver::cli
