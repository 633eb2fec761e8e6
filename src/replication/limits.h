// Limits and times of the engine, in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reviver::replication::limits {

constexpr std::chrono::minutes job_kept{5};        // after its end
constexpr std::size_t jobs_max = 4096;             // running and kept
constexpr std::size_t refusals_max = 256;          // refused calls whose reason can still be read
constexpr std::chrono::seconds call_patience{30};  // for one question to the other site
constexpr std::chrono::seconds connect_patience{10};
constexpr std::chrono::seconds retry_first{1};  // after a failed cycle; doubles, with jitter
constexpr std::chrono::seconds retry_longest{60};
constexpr std::size_t cycles_at_once_max = 12;      // of a site, with long ones
constexpr std::size_t long_cycles_at_once_max = 6;  // initial copies and resynchronizations
constexpr unsigned cut_resumptions_max = 5;         // reconnections that go on with the same cut
constexpr unsigned failures_until_critical = 3;     // in a row
// For new disks, between two cycles, where cycles take all the time: a quarter of the interval, but
constexpr std::chrono::seconds copy_slice_min{1};
constexpr std::chrono::seconds copy_slice_least_max{5};
constexpr std::chrono::seconds copy_slice_max{60};  // then others may have the turn
constexpr std::chrono::seconds copy_retry{30};      // after a slice that failed
constexpr std::chrono::seconds shut_down_patience{120};
constexpr std::chrono::minutes quiesce_retry_first{
    10};                                         // after guests could not be frozen; doubles
constexpr std::chrono::minutes clock_slack{10};  // by which a clock is set back without meaning it
constexpr std::chrono::seconds question_pause{60};  // of a primary without cycles: who is primary?
constexpr std::chrono::seconds fence_patience{30};  // before the plug is pulled
constexpr std::chrono::seconds reverse_patience{
    180};  // for the old primary to fence itself and answer
// Of all disks of a group: what tells them is one message, which has 1 MiB. More are widened.
constexpr std::size_t changes_ranges_max = 24'000;
constexpr std::uint32_t monitoring_interval_s_min = 3600;
constexpr std::uint32_t monitoring_interval_s_max = 604'800;
constexpr std::chrono::hours vm_note_kept{1};  // in the health of its collection
constexpr std::size_t vm_notes_max = 4096;
constexpr std::size_t adapters_max = 32;  // of a VM, with settings for a failover
constexpr std::size_t adapter_addresses_max = 16;
constexpr std::size_t findings_told = 10;  // by a scrub, besides the log

}  // namespace reviver::replication::limits
