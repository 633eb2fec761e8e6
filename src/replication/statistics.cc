#include "replication/statistics.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr std::uint64_t cycles_for_a_verdict = 5;
constexpr std::uint64_t missed_percent_max = 20;
constexpr std::chrono::minutes latency_average_max{5};
// A busy machine may be late by that much, however short cycles are.
constexpr std::chrono::seconds ordinary_cycle_min{5};

std::uint64_t milliseconds(sys::Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

class Verdict {
  public:
    void say(HealthLevel level, std::string issue) {
        health_.level = std::max(health_.level, level);
        health_.issues.push_back(std::move(issue));
    }
    void at_least(HealthLevel level) { health_.level = std::max(health_.level, level); }
    Health take() { return std::move(health_); }

  private:
    Health health_;
};

void judge_state(const HealthInput& in, Verdict& verdict) {
    switch (in.state) {
        case State::critical:
            verdict.say(HealthLevel::critical,
                        fmt::format("'{}' does not replicate: {}", in.name, in.trouble));
            break;
        case State::waiting_for_resync:
            verdict.say(HealthLevel::critical,
                        fmt::format("'{}' waits for resynchronization{}{}; {}", in.name,
                                    in.trouble.empty() ? "" : ": ", in.trouble,
                                    in.waits_for.empty()
                                        ? "it goes on by itself when the other site answers"
                                        : in.waits_for));
            break;
        case State::suspended:
            if (in.role == Role::primary) {
                verdict.say(HealthLevel::warning,
                            fmt::format("replication of '{}' is suspended; resume it", in.name));
            } else {
                verdict.say(
                    HealthLevel::critical,
                    fmt::format("receiving '{}' is suspended on this recovery site; resume it",
                                in.name));
            }
            break;
        case State::ready:
            if (in.trouble.empty()) break;
            verdict.say(HealthLevel::warning,
                        fmt::format("'{}' was not started: {}", in.name, in.trouble));
            break;
        case State::replicating:
            if (in.waits_for.empty()) break;
            verdict.say(HealthLevel::warning, fmt::format("'{}': {}", in.name, in.waits_for));
            break;
        case State::initial_replication:
            verdict.say(HealthLevel::warning,
                        fmt::format("the initial replication of '{}' is not complete", in.name));
            break;
        case State::planned_failover_initiated:
        case State::failover_initiated:
        case State::repurpose_initiated:
            if (in.role != Role::primary) break;
            verdict.say(HealthLevel::warning,
                        fmt::format("'{}' is prepared to go to the other site and not protected; "
                                    "fail over and reverse there, or revert it here",
                                    in.name));
            break;
        case State::recovered:
        case State::committed:
        case State::partially_recovered:
            verdict.say(
                HealthLevel::warning,
                fmt::format("'{}' is failed over and not protected; reverse it, or revert the "
                            "failover",
                            in.name));
            break;
        default:
            break;
    }
}

void judge_cycles(const HealthInput& in, const Statistics& statistics, Verdict& verdict) {
    const std::uint64_t cycles = statistics.success_count + statistics.miss_count;
    if (in.role != Role::primary || cycles < cycles_for_a_verdict) return;
    const std::uint64_t missed = statistics.miss_count * 100 / cycles;
    if (missed > missed_percent_max) {
        verdict.say(
            HealthLevel::warning,
            fmt::format("{} of the last {} cycles of '{}' ({} %) did not get across in {} s; "
                        "lengthen ReplicationInterval or give the link more bandwidth",
                        statistics.miss_count, cycles, in.name, missed, in.interval_s));
    }
    const std::uint64_t average = latency_ms_mean(statistics);
    if (average > milliseconds(latency_average_max)) {
        verdict.say(HealthLevel::warning,
                    fmt::format("a cycle of '{}' takes {} s on average", in.name, average / 1000));
    }
}

bool should_be_transferring(const HealthInput& in) {
    return in.state == State::replicating || in.state == State::critical ||
           in.state == State::resynchronizing;
}

// As the cycles of this monitoring interval took; the recovery side has not counted any.
sys::Duration ordinary_cycle(const Statistics& statistics) {
    return std::max<sys::Duration>(ordinary_cycle_min,
                                   std::chrono::milliseconds(latency_ms_mean(statistics)));
}

std::string duration_text(sys::Duration duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 7200) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

void judge_lag(const HealthInput& in, const Statistics& statistics, Verdict& verdict) {
    if (!in.waits_for.empty()) return;  // nothing can be sent before that
    const auto lag = lag_of(in, statistics);
    if (!lag || !lag->too_old()) return;
    const std::string what = fmt::format(
        "the newest recovery point of '{}' is {} old, and every {} "
        "there should be one",
        in.name, duration_text(lag->age), duration_text(std::chrono::seconds(in.interval_s)));
    verdict.say(HealthLevel::warning,
                in.role == Role::primary
                    ? fmt::format("{}: check that the other site answers, the link and its "
                                  "bandwidth limit",
                                  what)
                    : fmt::format("{}: check that the primary site runs and the link to it; see "
                                  "`reviver status` there",
                                  what));
}

void judge_quiescing(const HealthInput& in, const Statistics& statistics, Verdict& verdict) {
    if (in.role != Role::primary || in.quiesce_trouble.empty()) return;
    verdict.say(HealthLevel::warning,
                fmt::format("'{}' gets points that are not application consistent ({} attempts "
                            "failed): {}",
                            in.name, statistics.application_failures, in.quiesce_trouble));
}

}  // namespace

void begin_interval(Statistics& statistics, sys::WallTime now) {
    Statistics fresh;
    fresh.start = now;
    fresh.last_success = statistics.last_success;
    fresh.last_test_failover = statistics.last_test_failover;
    fresh.pending_bytes = statistics.pending_bytes;
    statistics = fresh;
}

void count(Statistics& statistics, const CycleOutcome& outcome, std::uint32_t interval_s) {
    statistics.pending_bytes = outcome.pending_bytes;
    statistics.size_bytes += outcome.sent_bytes;
    if (outcome.success) {
        const bool in_time = outcome.took <= std::chrono::seconds(interval_s);
        ++(in_time ? statistics.success_count : statistics.miss_count);
        ++statistics.across_count;
        statistics.size_bytes_max = std::max(statistics.size_bytes_max, outcome.sent_bytes);
        statistics.latency_ms_max = std::max(statistics.latency_ms_max, milliseconds(outcome.took));
        statistics.latency_ms_total += milliseconds(outcome.took);
        statistics.last_success = outcome.ended;
        statistics.failures_in_a_row = 0;
        statistics.hold_us.push_back(static_cast<std::uint32_t>(outcome.hold.count()));
        if (statistics.hold_us.size() > holds_kept) statistics.hold_us.pop_front();
        return;
    }
    ++statistics.miss_count;
    ++statistics.failures_in_a_row;
    ++(outcome.network_failure ? statistics.network_failures : statistics.replication_failures);
}

std::uint64_t latency_ms_mean(const Statistics& statistics) {
    return statistics.across_count == 0 ? 0 : statistics.latency_ms_total / statistics.across_count;
}

std::uint32_t hold_us_percentile(const Statistics& statistics, unsigned percent) {
    if (statistics.hold_us.empty()) return 0;
    std::vector<std::uint32_t> sorted(statistics.hold_us.begin(), statistics.hold_us.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted[(sorted.size() - 1) * percent / 100];
}

std::optional<Lag> lag_of(const HealthInput& in, const Statistics& statistics) {
    if (in.role != Role::primary && in.role != Role::replica) return std::nullopt;
    if (!should_be_transferring(in) || in.last_transfer == sys::WallTime{}) return std::nullopt;
    return Lag{in.now - in.last_transfer,
               std::chrono::seconds(2 * std::uint64_t{in.interval_s}) + ordinary_cycle(statistics)};
}

Health judge(const HealthInput& in, const Statistics& statistics) {
    if (!is_in_relationship(in.role)) return {};
    Verdict verdict;
    verdict.at_least(HealthLevel::ok);
    judge_state(in, verdict);
    judge_cycles(in, statistics, verdict);
    judge_lag(in, statistics, verdict);
    judge_quiescing(in, statistics, verdict);
    return verdict.take();
}

}  // namespace reviver::replication
