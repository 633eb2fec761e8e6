#include "replication/keeper.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/agenda.h"
#include "replication/limits.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr std::chrono::seconds upkeep_pause{5};
constexpr std::chrono::hours idle_pause{1};
constexpr std::chrono::seconds agenda_pause{10};  // between two looks at the clock on the wall

}  // namespace

Keeper::Keeper(Context& context, Group& group, RecoveryServer& recovery_server, CycleGate& gate)
    : context_(context), group_(group), recovery_server_(recovery_server), gate_(gate) {
    task_ = context.world.tasks.start("keeper of " + group.id().text(), [this] { run(); });
}

Keeper::~Keeper() {
    stopping_ = true;
    group_.interrupt();
    group_.wake();
    task_->join();
}

void Keeper::run() {
    while (!stopping_) {
        sys::Duration pause = idle_pause;
        try {
            pause = step();
        } catch (const Error& error) {
            // A step handles the failures it expects; what is left (a full state disk, say) is
            // tried again later.
            if (!stopping_) log_error("'{}': {}", group_.snapshot().name, error.what());
            pause = limits::retry_longest;
        }
        if (!stopping_) group_.wake_signal().wait_until(context_.world.clock.after(pause));
    }
}

// That time passes changes no document; whoever follows events hears of it here.
void Keeper::watch_lag() {
    const HealthInput input = group_.health_input();
    const auto lag = lag_of(input, group_.statistics());
    const bool late = lag && lag->too_old();
    if (late == late_) return;
    late_ = late;
    if (late) log_warning("'{}': the newest recovery point is too old", input.name);
    context_.observer.collection_changed(group_.id());
}

sys::Duration Keeper::step() {
    watch_lag();
    switch (group_.snapshot().place.role) {
        case Role::primary:
            return primary_step();
        case Role::replica:
            return replica_step();
        default:
            return idle_pause;
    }
}

bool Keeper::wants_cycle(const Collection& c) const {
    if (c.fenced) return false;
    switch (c.place.state) {
        case State::initial_replication:
        case State::replicating:
        case State::critical:
        case State::resynchronizing:
            return true;
        case State::waiting_for_resync:
            return resync_is_due(c, context_.world.clock.wall());
        default:
            return false;
    }
}

sys::Duration Keeper::primary_step() {
    Collection c = group_.snapshot();
    if (initial_is_due(c, context_.world.clock.wall())) {
        c = group_.advance(Event::initial_started,
                           [](Collection& g) { g.agenda.initial_asked = false; });
    }
    if (!wants_cycle(c)) {
        const bool waits = c.agenda.initial_asked || c.place.state == State::waiting_for_resync;
        return waits ? sys::Duration(agenda_pause) : sys::Duration(idle_pause);
    }
    const sys::MonoTime now = context_.world.clock.mono();
    const bool at_once = failures_ == 0 && c.place.state != State::replicating;
    // The interval may have become shorter since the last cycle.
    if (failures_ == 0) {
        next_cycle_ = std::min(next_cycle_, now + std::chrono::seconds(c.settings.interval_s));
    }
    if (now < next_cycle_ && !at_once) return next_cycle_ - now;
    next_cycle_ = now + std::chrono::seconds(c.settings.interval_s);
    scheduled_cycle();
    return std::max(next_cycle_ - context_.world.clock.mono(), sys::Duration(0));
}

void Keeper::before_cycle(const Collection& c) {
    if (c.place.state == State::waiting_for_resync) group_.advance(Event::resync_started);
}

namespace {

// It may copy or compare whole disks.
bool is_long(const Collection& c) {
    return c.place.state == State::initial_replication || c.place.state == State::resynchronizing ||
           c.place.state == State::waiting_for_resync || c.reverse_pending;
}

}  // namespace

void Keeper::scheduled_cycle() {
    auto turn = group_.take_turn();
    const Collection c = group_.snapshot();
    if (!wants_cycle(c)) return;  // an operation had the turn before us
    auto interrupted = group_.interrupted();
    auto stopped = [this, interrupted] { return stopping_ || interrupted(); };
    auto job = group_.waiting_job();
    auto progress = [job](unsigned percent, const std::string& status) {
        if (job != nullptr) job->progress(percent, status);
    };
    sys::MonoTime begun = context_.world.clock.mono();
    try {
        const auto place = gate_.enter(is_long(c), stopped);
        begun = context_.world.clock.mono();
        // Those that began at one moment, after a start of the daemon, drift apart here.
        next_cycle_ = begun + std::chrono::seconds(c.settings.interval_s);
        before_cycle(c);
        succeeded(cycle(PointKind::regular, progress, stopped));
    } catch (const Error& error) {
        if (stopped() || error.code() == Code::stopped) return;
        CycleOutcome outcome;
        outcome.network_failure = reaction_to(error.code()) == Reaction::reconnect;
        outcome.took = context_.world.clock.mono() - begun;
        outcome.ended = context_.world.clock.wall();
        outcome.pending_bytes = group_.statistics().pending_bytes;
        count_outcome(outcome);
        error.code() == Code::stale_epoch ? fence(error) : failed(error);
    }
}

CycleResult Keeper::cycle(PointKind kind,
                          std::function<void(unsigned, const std::string&)> progress,
                          std::function<bool()> stopped) {
    CycleRequest request;
    request.kind = kind;
    request.progress = std::move(progress);
    request.stopped = std::move(stopped);
    const CycleResult result = run_cycle(context_, group_, disks(), request);
    CycleOutcome outcome;
    outcome.success = true;
    outcome.sent_bytes = result.sent_bytes;
    outcome.pending_bytes = disks().pending_bytes();
    outcome.took = result.took;
    outcome.hold = result.hold;
    outcome.ended = context_.world.clock.wall();
    count_outcome(outcome);
    return result;
}

void Keeper::count_outcome(const CycleOutcome& outcome) {
    const Collection c = group_.snapshot();
    group_.update_statistics([&](Statistics& s) {
        if (monitoring_begins_anew(recovery_server_.settings(), s.start, outcome.ended)) {
            log_info("'{}': {} cycles across, {} missed, {} bytes sent since {}", c.name,
                     s.success_count, s.miss_count, s.size_bytes, sys::iso_text(s.start));
            begin_interval(s, outcome.ended);
        }
        count(s, outcome, c.settings.interval_s);
    });
}

GroupDisks& Keeper::disks() {
    if (disks_ == nullptr) {
        const Collection c = group_.snapshot();
        disks_ = context_.machines.group(c.id, group_.vm_ids(), c.settings.included_disks);
    }
    return *disks_;
}

void Keeper::forget_disks() {
    disks_.reset();
}

void Keeper::succeeded(const CycleResult& result) {
    failures_ = 0;
    const Collection c = group_.snapshot();
    log_debug("'{}': point {} is durable on '{}', {} bytes sent, group held {} us", c.name,
              result.sequence.value, c.peer, result.sent_bytes, result.hold.count());
    switch (c.place.state) {
        case State::initial_replication:
            group_.advance(Event::initial_completed);
            break;
        case State::resynchronizing:
            group_.advance(Event::resync_completed, [](Collection& g) { g.agenda = {}; });
            break;
        case State::critical:
            group_.advance(Event::cycle_succeeded);
            break;
        case State::replicating:
            break;  // after a resume, what a job waited for ends here
        default:
            return;
    }
    end_waiting_job(nullptr);
}

void Keeper::failed(const Error& error) {
    ++failures_;
    const Collection c = group_.snapshot();
    log_warning("'{}': cycle failed: {}", c.name, error.what());
    if (auto job = group_.waiting_job()) job->progress(0, fmt::format("waiting: {}", error.what()));
    const auto backoff = std::min<sys::Duration>(
        limits::retry_longest, limits::retry_first * (1u << std::min(failures_, 6u)));
    const auto jitter = sys::Duration(static_cast<std::int64_t>(
        context_.world.random.below(static_cast<std::uint64_t>(backoff.count() / 4 + 1))));
    next_cycle_ = context_.world.clock.after(backoff + jitter);

    const bool hopeless = reaction_to(error.code()) == Reaction::give_up;
    const bool repeated = failures_ >= limits::failures_until_critical;
    if (step_exists(c.place, Event::cycle_failed) &&
        (c.place.state == State::resynchronizing || hopeless || repeated)) {
        group_.advance(Event::cycle_failed, [&](Collection& g) { g.trouble = error.what(); });
    } else {
        group_.update([&](Collection& g) { g.trouble = error.what(); });
    }
    // Whoever waits for the initial replication hears at once what repeating does not mend; a
    // reverse waits on, as it promised.
    if (hopeless && c.place.state == State::initial_replication) end_waiting_job(&error);
}

// The other side has taken over. Its data counts now; ours is kept, and nothing here may run on or
// be sent. The locks come first: after a crash between the two the next cycle is told again.
void Keeper::fence(const Error& error) {
    const Collection c = group_.snapshot();
    const std::string why = fmt::format(
        "{}. The other side has taken over; this side's VMs are locked. "
        "Reverse replication there to protect it again",
        error.what());
    log_error("'{}': {}", c.name, why);
    context_.machines.lock(group_.vm_ids(),
                           fmt::format("'{}' was taken over by site {}", c.name, c.peer));
    group_.update([&](Collection& g) {
        g.fenced = true;
        g.trouble = why;
        if (const auto next = replication::step(g.place, Event::cycle_failed)) g.place = *next;
    });
    end_waiting_job(&error);
}

void Keeper::end_waiting_job(const Error* error) {
    const auto job = group_.waiting_job();
    if (job == nullptr) return;
    group_.set_waiting_job(nullptr);
    if (error != nullptr) return context_.jobs.fail(job->id(), *error);
    const ReverseReport report = group_.snapshot().reverse_report;
    if (report.bitmap_disks + report.compared_disks > 0) {
        job->report(fmt::format(
            "{} disks by bitmap, {} by compare; {} bytes differed, {} bytes sent",
            report.bitmap_disks, report.compared_disks, report.differing_bytes, report.sent_bytes));
    }
    context_.jobs.complete(job->id());
}

sys::Duration Keeper::replica_step() {
    const Collection c = group_.snapshot();
    // Before the first point the store knows nothing of the collection: there is nothing to keep
    // up.
    if (!context_.store.newest(c.id)) return upkeep_pause;
    const auto policy = context_.policy->retention(c.settings, context_.world.clock.wall());
    point::Filters filters;
    filters.stopped = [this] { return stopping_.load(); };
    try {
        const auto done = context_.store.maintain_once(group_.id(), policy, filters);
        return done.more ? sys::Duration(0) : sys::Duration(upkeep_pause);
    } catch (const Error& error) {
        // A failover pinned a point under the upkeep's hands: the next round sees the pin.
        if (error.code() != Code::in_use) throw;
        return upkeep_pause;
    }
}

}  // namespace reviver::replication
