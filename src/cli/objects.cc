#include "cli/objects.h"

#include "cli/values.h"

#include <charconv>

namespace reviver::cli {
namespace {

constexpr std::uint64_t job_completed = 7;
constexpr std::uint64_t job_terminated = 8;
constexpr std::uint64_t job_exception = 10;
constexpr std::uint64_t job_completed_with_warnings = 32768;

// "Reviver:<collection>\<sequence>"
std::uint64_t sequence_in(const std::string& instance_id) {
    std::uint64_t sequence = 0;
    std::size_t slash = instance_id.find_last_of("\\/");
    const char* begin = instance_id.data() + (slash == std::string::npos ? 0 : slash + 1);
    std::from_chars(begin, instance_id.data() + instance_id.size(), sequence);
    return sequence;
}

std::string first_text(const cim::Instance& from, std::initializer_list<const char*> properties) {
    for (const char* property : properties) {
        std::string text = text_of(from.get(property));
        if (!text.empty()) return text;
    }
    return "";
}

// A job without a report repeats its status there.
std::string report_in(const cim::Instance& job) {
    std::string text = text_of(job.get("Description"));
    return text == text_of(job.get("JobStatus")) ? "" : text;
}

// "point 7, planned failover": what is special about it.
std::string remark_in(const std::string& element_name) {
    std::size_t comma = element_name.find(", ");
    return comma == std::string::npos ? "" : element_name.substr(comma + 2);
}

}  // namespace

bool Job::has_ended() const {
    return succeeded() || (state >= job_terminated && state <= job_exception);
}

bool Job::succeeded() const {
    return state == job_completed || state == job_completed_with_warnings;
}

bool is_replicated(const Collection& collection) {
    constexpr std::uint64_t primary = 1, replica = 2;
    return collection.mode == primary || collection.mode == replica;
}

Vm read_vm(const cim::Enumerated& from) {
    const cim::Instance& vm = from.instance;
    return {.instance = from.instance,
            .path = from.path,
            .id = text_of(vm.get("Name")),
            .name = text_of(vm.get("ElementName")),
            .power = number_of(vm.get("EnabledState")),
            .replication_mode = number_of(vm.get("ReplicationMode"))};
}

Collection read_collection(const cim::Enumerated& from) {
    const cim::Instance& collection = from.instance;
    return {.instance = from.instance,
            .path = from.path,
            .id = text_of(collection.get("CollectionID")),
            .name = text_of(collection.get("ElementName")),
            .state = number_of(collection.get("ReplicationState")),
            .mode = number_of(collection.get("ReplicationMode")),
            .last_apply = time_of(collection.get("LastApplyTime"))};
}

Point read_point(const cim::Enumerated& from) {
    const cim::Instance& point = from.instance;
    return {.instance = from.instance,
            .path = from.path,
            .collection_id = text_of(point.get("CollectionID")),
            .sequence = sequence_in(text_of(point.get("InstanceID"))),
            .created = time_of(point.get("CreationTime")),
            .consistency = number_of(point.get("ConsistencyLevel")),
            .remark = remark_in(text_of(point.get("ElementName")))};
}

Job read_job(const cim::ObjectPath& path, const cim::Instance& from) {
    return {.instance = from,
            .path = path,
            .id = text_of(from.get("InstanceID")),
            .name = first_text(from, {"ElementName", "Name", "Caption", "Description"}),
            .state = number_of(from.get("JobState")),
            .percent = number_of(from.get("PercentComplete")),
            .status = text_of(from.get("JobStatus")),
            .report = report_in(from),
            .started = time_of(from.get("StartTime")),
            .cancellable = flag_of(from.get("Cancellable")),
            .error_code = number_of(from.get("ErrorCode")),
            .error = first_text(from, {"ErrorSummaryDescription", "ErrorDescription"})};
}

Statistics read_statistics(const cim::Instance& from, const std::vector<std::string>& issues) {
    return {.instance = from,
            .from = time_of(from.get("StartStatisticTime")),
            .to = time_of(from.get("EndStatisticTime")),
            .last_cycle = time_of(from.get("LastWALReplicationTime")),
            .cycles = number_of(from.get("ReplicationWALSuccessCount")),
            .missed_cycles = number_of(from.get("ReplicationWALMissCount")),
            .sent_bytes = number_of(from.get("ReplicationSize")),
            .sent_bytes_max = number_of(from.get("MaxReplicationSize")),
            .pending_bytes = number_of(from.get("PendingReplicationSize")),
            .latency_s_max = number_of(from.get("MaxReplicationLatency")),
            .network_failures = number_of(from.get("NetworkFailureCount")),
            .replication_failures = number_of(from.get("ReplicationFailureCount")),
            .freeze_failures = number_of(from.get("ApplicationConsistentSnapshotFailureCount")),
            .last_test = time_of(from.get("LastTestFailoverTime")),
            .health = number_of(from.get("ReplicationHealth")),
            .issues = issues};
}

Settings read_settings(const cim::Instance& from) {
    return {.instance = from,
            .to = text_of(from.get("RecoveryConnectionPoint")),
            .from = text_of(from.get("PrimaryConnectionPoint")),
            .interval_s = number_of(from.get("ReplicationInterval")),
            .history = number_of(from.get("RecoveryHistory")),
            .included_disks = texts_of(from.get("IncludedDisks"))};
}

Details read_details(const cim::Instance& from) {
    return {.instance = from,
            .peer = text_of(from.get("Peer")),
            .newest_point = number_of(from.get("NewestPoint")),
            .failover_point = number_of(from.get("FailoverPoint")),
            .test_point = number_of(from.get("TestPoint")),
            .trouble = text_of(from.get("Trouble")),
            .bandwidth = number_of(from.get("BandwidthLimit")),
            .site_bandwidth = number_of(from.get("SiteBandwidthLimit")),
            .fenced = flag_of(from.get("Fenced")),
            .hold_us_median = number_of(from.get("HoldMedian")),
            .hold_us_p99 = number_of(from.get("HoldPercentile99")),
            .reverse_sent_bytes = number_of(from.get("ReverseSentBytes")),
            .reverse_differing_bytes = number_of(from.get("ReverseDifferingBytes")),
            .reverse_bitmap_disks = number_of(from.get("ReverseBitmapDisks")),
            .reverse_compared_disks = number_of(from.get("ReverseComparedDisks")),
            .disks = texts_of(from.get("Disks")),
            .disk_update = flag_of(from.get("DiskUpdate")),
            .coming_disks = texts_of(from.get("ComingDisks")),
            .copied_bytes = number_of(from.get("CopiedBytes")),
            .copy_bytes = number_of(from.get("CopyBytes"))};
}

SharedDisk read_shared_disk(const cim::Instance& from) {
    return {.instance = from,
            .id = text_of(from.get("DiskId")),
            .name = text_of(from.get("Name")),
            .file = text_of(from.get("File")),
            .format = text_of(from.get("Format")),
            .served = flag_of(from.get("Served")),
            .trouble = text_of(from.get("Trouble")),
            .vms = texts_of(from.get("VirtualMachineIds"))};
}

Peer read_peer(const cim::Instance& from) {
    return {.instance = from,
            .name = text_of(from.get("Name")),
            .host = text_of(from.get("Host")),
            .port = number_of(from.get("Port")),
            .fingerprint = text_of(from.get("Fingerprint"))};
}

}  // namespace reviver::cli
