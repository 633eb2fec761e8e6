// Figures of a collection over the running monitoring interval
// (Msvm_CollectionReplicationStatistics), and what they mean for its health. A "WAL" cycle is one
// in which all members were cut at one common point; Reviver takes no other kind.
#pragma once

#include "model/replication.h"
#include "sys/clock.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace reviver::replication {

constexpr std::size_t holds_kept = 1000;  // the newest hold times, for median and percentiles

struct Statistics {
    sys::WallTime start;
    std::uint64_t success_count = 0;     // cycles that got across within the interval
    std::uint64_t miss_count = 0;        // cycles that did not, late ones included
    std::uint64_t across_count = 0;      // cycles that got across at all
    std::uint64_t size_bytes = 0;        // sent in total, as counted on the wire
    std::uint64_t size_bytes_max = 0;    // in one cycle
    std::uint64_t pending_bytes = 0;     // tracked but not yet sent, at the last look
    std::uint64_t latency_ms_max = 0;    // longest single cycle
    std::uint64_t latency_ms_total = 0;  // of those that got across
    std::uint32_t network_failures = 0;
    std::uint32_t replication_failures = 0;
    std::uint32_t application_failures = 0;
    std::uint32_t failures_in_a_row = 0;
    sys::WallTime last_success;
    sys::WallTime last_test_failover;
    std::deque<std::uint32_t> hold_us;  // how long the group was held, newest last
    bool operator==(const Statistics&) const = default;
};

struct CycleOutcome {
    bool success = false;
    bool network_failure = false;
    std::uint64_t sent_bytes = 0;
    std::uint64_t pending_bytes = 0;
    sys::Duration took{};
    sys::Duration hold{};
    sys::WallTime ended;
};

// Figures count over a monitoring interval; the next one begins with the last success and what is
// pending, all else anew.
void begin_interval(Statistics& statistics, sys::WallTime now);

void count(Statistics& statistics, const CycleOutcome& outcome, std::uint32_t interval_s);

// Of a cycle that got across; 0 without any.
std::uint64_t latency_ms_mean(const Statistics& statistics);

// The hold of the middle, and of 99 in 100, in microseconds; 0 without any.
std::uint32_t hold_us_percentile(const Statistics& statistics, unsigned percent);

struct HealthInput {
    std::string name;  // of the collection
    Role role = Role::none;
    State state = State::disabled;
    std::string trouble;
    std::string waits_for;        // agenda_text()
    std::string quiesce_trouble;  // why the last attempt at an application-consistent point failed
    std::uint32_t interval_s = 300;
    sys::WallTime last_transfer;  // last send (primary) or receive (recovery); epoch start: never
    sys::WallTime now;
};

// How old the newest durable point is, seen from this side: on the primary since the last success,
// on the recovery side since the last receive.
struct Lag {
    sys::Duration age{};
    // Two intervals and an ordinary cycle: beyond it a second cycle was missed.
    sys::Duration allowed{};
    bool too_old() const { return age > allowed; }
};

// Nothing while no points should be coming, and before the first.
std::optional<Lag> lag_of(const HealthInput& input, const Statistics& statistics);

struct Health {
    HealthLevel level = HealthLevel::not_applicable;
    std::vector<std::string> issues;  // each says what, how much, and what to do
};

// A pure function of what is given.
Health judge(const HealthInput& input, const Statistics& statistics);

}  // namespace reviver::replication
