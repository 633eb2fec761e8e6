#include "replication/keeper.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/agenda.h"
#include "replication/disk_copy.h"
#include "replication/disk_set.h"
#include "replication/export_run.h"
#include "replication/limits.h"
#include "replication/link.h"
#include "replication/old_primary.h"
#include "replication/seed.h"

#include <algorithm>

namespace reviver::replication {

namespace {

constexpr std::chrono::seconds upkeep_pause{5};
constexpr std::chrono::hours idle_pause{1};
constexpr std::chrono::seconds agenda_pause{10};  // between two looks at the clock on the wall
constexpr std::chrono::seconds update_pause{5};   // between two looks at its job

sys::Duration copy_time(const Settings& settings) {
    const sys::Duration quarter = std::chrono::milliseconds(250) * settings.interval_s;
    return std::clamp<sys::Duration>(quarter, limits::copy_slice_min, limits::copy_slice_least_max);
}

// Cycles go on with the disks of before.
bool update_failed(const Collection& c) {
    return c.place.state == State::critical && c.disk_update && !c.disk_update->trouble.empty();
}

bool is_exporting(const Collection& c) {
    return c.place.state == State::initial_replication && !c.exported.directory.empty();
}

std::string how_it_got_across(const BulkDone& disk) {
    switch (disk.bulk) {
        case point::Bulk::full:
            return fmt::format("copied, {} bytes of data", disk.bytes);
        case point::Bulk::compare:
            return fmt::format("compared, {} bytes differed", disk.bytes);
        default:
            return "followed";
    }
}

// Empty when there was no reverse.
std::string reverse_text(const ReverseReport& report) {
    if (report.bitmap_disks + report.compared_disks == 0) return "";
    return fmt::format("{} disks by bitmap, {} by compare; {} bytes differed, {} bytes sent",
                       report.bitmap_disks, report.compared_disks, report.differing_bytes,
                       report.sent_bytes);
}

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

// A revert of a planned failover that failed, or that a crash cut off, may have unlocked them, and
// the other side may bring them up. Where all are locked and off, nothing is done.
void Keeper::hold_back() {
    if (group_.snapshot().place.state != State::failover_initiated) return;
    auto turn = group_.take_turn();
    if (group_.snapshot().place.state == State::failover_initiated)
        fence_prepared(context_, group_);
}

sys::Duration Keeper::primary_step() {
    hold_back();
    cancel_update_if_asked();
    const sys::Duration pause = cycle_or_pause();
    // A job that is cancelled wakes nobody.
    return group_.snapshot().disk_update ? std::min(pause, sys::Duration(update_pause)) : pause;
}

// Without cycles nobody tells this side that the other has taken over, and its VMs would run on.
void Keeper::ask_who_is_primary(const Collection& c) {
    const bool asks =
        c.place.state == State::suspended || c.place.state == State::waiting_for_resync;
    const sys::MonoTime now = context_.world.clock.mono();
    if (!asks || c.fenced || c.reverse_pending || now < next_question_) return;
    next_question_ = context_.world.clock.after(limits::question_pause);
    try {
        // Without the turn: who resumes does not wait for a site that does not answer.
        const auto link = connect(context_, c, c.peer);
        greet(context_, *link, c);
    } catch (const Error& error) {
        if (error.code() != Code::stale_epoch) return;
        auto turn = group_.take_turn();
        const Collection now_known = group_.snapshot();
        if (now_known.place.role == Role::primary && now_known.epoch == c.epoch) fence(error);
    }
}

sys::Duration Keeper::cycle_or_pause() {
    Collection c = group_.snapshot();
    if (initial_is_due(c, context_.world.clock.wall())) {
        scheduled_start(c);
        c = group_.snapshot();
    }
    if (!wants_cycle(c)) {
        ask_who_is_primary(c);
        const bool waits = c.agenda.initial_asked || c.place.state == State::waiting_for_resync;
        if (waits) return agenda_pause;
        return c.place.state == State::suspended ? sys::Duration(limits::question_pause)
                                                 : sys::Duration(idle_pause);
    }
    const sys::MonoTime now = context_.world.clock.mono();
    const bool goes_on = c.place.state == State::replicating || update_failed(c);
    const bool at_once = failures_ == 0 && !goes_on;
    // The interval may have become shorter since the last cycle.
    if (failures_ == 0) {
        next_cycle_ = std::min(next_cycle_, now + std::chrono::seconds(c.settings.interval_s));
        // What the change of the disk set means is found out by a cycle.
        if (c.disk_update && c.disk_update->coming.empty()) next_cycle_ = now;
    }
    if (now < next_cycle_ && !at_once) return copy_or_pause();
    next_cycle_ = now + std::chrono::seconds(c.settings.interval_s);
    scheduled_cycle();
    // Where cycles take all the time there is, a copy gets some all the same.
    if (wants_copy(group_.snapshot())) {
        next_cycle_ = std::max(next_cycle_, context_.world.clock.after(copy_time(c.settings)));
        return sys::Duration(0);
    }
    return std::max(next_cycle_ - context_.world.clock.mono(), sys::Duration(0));
}

bool Keeper::wants_copy(const Collection& c) const {
    const bool goes_on = c.place.state == State::replicating || update_failed(c);
    return goes_on && failures_ == 0 && !c.fenced && has_set(c) && c.disk_update &&
           !c.disk_update->coming.empty() && !c.disk_update->copied;
}

// Between cycles.
sys::Duration Keeper::copy_or_pause() {
    const sys::MonoTime now = context_.world.clock.mono();
    const sys::Duration pause = next_cycle_ - now;
    if (!wants_copy(group_.snapshot())) return pause;
    if (now < next_copy_) return std::min(pause, next_copy_ - now);
    copy_slice(std::min(next_cycle_, now + limits::copy_slice_max));
    return sys::Duration(0);
}

void Keeper::copy_slice(sys::MonoTime until) {
    auto turn = group_.take_turn();
    if (!wants_copy(group_.snapshot())) return;
    auto interrupted = group_.interrupted();
    const auto job = update_job();
    CopyRequest request;
    request.progress = [job](unsigned percent, const std::string& status) {
        if (job != nullptr) job->progress(percent, status);
    };
    request.stopped = [&] {
        return stopping_ || interrupted() || (job != nullptr && job->cancelled()) ||
               context_.world.clock.mono() >= until;
    };
    try {
        const CopyOutcome outcome = copy_new_disks(context_, group_, disks(), request);
        copy_failures_ = 0;
        if (outcome == CopyOutcome::not_now) {
            next_copy_ = context_.world.clock.after(limits::copy_retry);
            return;
        }
        note_update_mended(group_);
        if (outcome == CopyOutcome::complete) next_cycle_ = context_.world.clock.mono();
    } catch (const Error& error) {
        if (!stopping_ && !interrupted() && error.code() != Code::stopped) copy_failed(error);
    }
}

// The points of the other disks go on whatever becomes of the copy.
void Keeper::copy_failed(const Error& error) {
    ++copy_failures_;
    next_copy_ = context_.world.clock.after(limits::copy_retry);
    log_warning("'{}': copying new disks: {}", group_.snapshot().name, error.what());
    if (const auto job = update_job()) job->progress(0, fmt::format("waiting: {}", error.what()));
    const bool hopeless = reaction_to(error.code()) == Reaction::give_up;
    if (hopeless || copy_failures_ >= limits::failures_until_critical)
        note_update_failed(group_, error.what());
}

std::shared_ptr<JobHandle> Keeper::update_job() {
    const auto update = group_.snapshot().disk_update;
    return update ? context_.jobs.resume(update->job) : nullptr;
}

// Somebody cancelled the job; CancelUpdateDiskSet is an operation of its own.
void Keeper::cancel_update_if_asked() {
    const auto job = update_job();
    if (job == nullptr || !job->cancelled()) return;
    auto turn = group_.take_turn();
    try {
        if (group_.snapshot().disk_update) cancel_update(context_, group_);
    } catch (const Error& error) {
        job->progress(0, fmt::format("cannot be cancelled yet: {}", error.what()));
    }
}

std::string Keeper::ask_for_seed() {
    return replication::ask_for_seed(context_, group_.snapshot(), disks().shapes());
}

// An initial replication whose time has come. What repeating does not mend takes it off the agenda:
// a person has to decide.
void Keeper::scheduled_start(const Collection& c) {
    auto turn = group_.take_turn();
    if (!initial_is_due(group_.snapshot(), context_.world.clock.wall())) return;
    try {
        if (c.agenda.initial_type == InitialReplication::seeded) ask_for_seed();
        group_.advance(Event::initial_started, [](Collection& g) {
            g.agenda.initial_asked = false;
            g.trouble.clear();
        });
    } catch (const Error& error) {
        log_warning("'{}' is not started: {}", c.name, error.what());
        group_.update([&](Collection& g) {
            g.trouble = error.what();
            if (reaction_to(error.code()) == Reaction::give_up) g.agenda = {};
        });
    }
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
    auto job = group_.waiting_job();
    if (job == nullptr) job = update_job();
    CycleRequest request;
    request.stopped = [this, interrupted] { return stopping_ || interrupted(); };
    request.progress = [job](unsigned percent, const std::string& status) {
        if (job != nullptr) job->progress(percent, status);
    };
    sys::MonoTime begun = context_.world.clock.mono();
    try {
        const auto place = gate_.enter(is_long(c), request.stopped);
        begun = context_.world.clock.mono();
        // Those that began at one moment, after a start of the daemon, drift apart here.
        next_cycle_ = begun + std::chrono::seconds(c.settings.interval_s);
        do_what_is_due(c, request);
    } catch (const Error& error) {
        if (request.stopped() || error.code() == Code::stopped) return;
        cycle_failed(c, error, context_.world.clock.mono() - begun);
    }
}

void Keeper::do_what_is_due(const Collection& c, const CycleRequest& request) {
    if (is_exporting(c)) return export_copy(request);
    before_cycle(c);
    const CycleResult result = cycle(PointKind::regular, request.progress, request.stopped);
    result.waits_for_import ? still_waits_for_import() : succeeded(result);
}

void Keeper::cycle_failed(const Collection& c, const Error& error, sys::Duration took) {
    if (is_exporting(c)) return export_failed(c, error);
    const bool network = reaction_to(error.code()) == Reaction::reconnect;
    // Whether the other site answers matters only when there is something to send.
    if (network && c.exported.complete && c.place.state == State::replicating) return;
    CycleOutcome outcome;
    outcome.network_failure = network;
    outcome.took = took;
    outcome.ended = context_.world.clock.wall();
    outcome.pending_bytes = group_.statistics().pending_bytes;
    count_outcome(outcome);
    error.code() == Code::stale_epoch ? fence(error) : failed(error);
}

// The step is what makes the copy on the medium count: until it is durable the export begins anew.
void Keeper::export_copy(const CycleRequest& request) {
    const ExportResult result = run_export(context_, group_, disks(), request);
    failures_ = 0;
    const Collection c = group_.advance(Event::initial_completed, [&](Collection& g) {
        g.exported.complete = true;
        g.exported.written = context_.world.clock.wall();
        g.last_sequence = result.sequence;
        g.initial_complete = true;
        g.trouble.clear();
    });
    end_waiting_job(nullptr,
                    fmt::format("{} bytes are in {}; carry it to site '{}' and run `reviver "
                                "import` there",
                                result.bytes, c.exported.directory, c.peer));
}

// A VM that was started or stopped meanwhile is no reason to give up; a medium that is full or gone
// is one, and a person has to look for another.
void Keeper::export_failed(const Collection& c, const Error& error) {
    const Reaction reaction = reaction_to(error.code());
    if (reaction != Reaction::give_up && error.code() != Code::no_space) return failed(error);
    log_warning("'{}': the export to {} failed: {}", c.name, c.exported.directory, error.what());
    group_.advance(Event::initial_cancelled, [&](Collection& g) {
        g.exported.directory.clear();
        g.trouble = error.what();
    });
    forget_export(context_, c);
    end_waiting_job(&error);
}

void Keeper::still_waits_for_import() {
    failures_ = 0;
    const Collection c = group_.snapshot();
    if (step_exists(c.place, Event::cycle_succeeded)) {
        group_.advance(Event::cycle_succeeded, [](Collection& g) { g.trouble.clear(); });
    } else if (!c.trouble.empty()) {
        group_.update([](Collection& g) { g.trouble.clear(); });
    }
}

CycleResult Keeper::cycle(PointKind kind,
                          std::function<void(unsigned, const std::string&)> progress,
                          std::function<bool()> stopped) {
    CycleRequest request;
    request.kind = kind;
    request.progress = std::move(progress);
    request.stopped = std::move(stopped);
    if (kind == PointKind::regular) {
        request.quiesce = [this] { return begin_quiesce(); };
        request.quiesced = [this](const Cut& cut) { note_quiesce(cut); };
    }
    const CycleResult result = run_cycle(context_, group_, disks(), request);
    if (result.waits_for_import) {
        group_.update_statistics([&](Statistics& s) { s.pending_bytes = disks().pending_bytes(); });
        return result;
    }
    if (!result.updated_disks.is_none()) {
        log_info("'{}': point {} has the new disk set", group_.snapshot().name,
                 result.sequence.value);
        context_.jobs.complete(result.updated_disks);
    }
    if (result.consistency == Consistency::application) note_application_point(result);
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

// Not in an initial replication or a reverse: they have enough to do, and the next cycle is near.
bool Keeper::begin_quiesce() {
    const Collection c = group_.snapshot();
    const sys::MonoTime now = context_.world.clock.mono();
    if (!c.initial_complete || c.reverse_pending || !quiesce_plan_.may_try(now) ||
        !quiesce_is_due(c.settings, c.last_application, context_.world.clock.wall())) {
        return false;
    }
    quiesce_plan_.began(c.settings, now);
    return true;
}

// A failure counts when it happens; a success only when its point is durable.
void Keeper::note_quiesce(const Cut& cut) {
    if (cut.header().consistency == Consistency::application) return;
    std::string trouble;
    for (const VmFailure& failure : cut.freeze_failures())
        trouble += (trouble.empty() ? "" : "; ") + failure.text;
    log_warning("'{}': the point is not application consistent: {}", group_.snapshot().name,
                trouble);
    group_.update_statistics([](Statistics& s) { ++s.application_failures; });
    group_.update([&](Collection& c) { c.quiesce_trouble = trouble; });
}

void Keeper::note_application_point(const CycleResult& result) {
    quiesce_plan_.succeeded();
    group_.update([&](Collection& c) {
        c.last_application = result.cut_time;
        c.quiesce_trouble.clear();
    });
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
    const bool initial = c.place.state == State::initial_replication;
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
            if (!update_failed(c)) group_.advance(Event::cycle_succeeded);
            break;
        case State::replicating:
            break;  // after a resume, what a job waited for ends here
        default:
            return;
    }
    end_waiting_job(nullptr, initial ? initial_text(result) : reverse_text(c.reverse_report));
}

// For each disk how it got across; the bytes are those of the last attempt.
std::string Keeper::initial_text(const CycleResult& result) {
    std::string text;
    for (const BulkDone& disk : result.disks) {
        const std::string vm = context_.machines.vm_name(disk.key.vm).value_or(disk.key.vm.text());
        text += fmt::format("{}/{} {}; ", vm, disk.key.target, how_it_got_across(disk));
    }
    return text + fmt::format("{} bytes sent", result.sent_bytes);
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
    JobId update;
    group_.update([&](Collection& g) {
        g.fenced = true;
        update = drop_update(g);
        g.trouble = why;
        if (const auto next = replication::step(g.place, Event::cycle_failed)) g.place = *next;
    });
    fail_update_job(context_, update, why);
    end_waiting_job(&error);
}

void Keeper::end_waiting_job(const Error* error, const std::string& report) {
    const auto job = group_.waiting_job();
    if (job == nullptr) return;
    group_.set_waiting_job(nullptr);
    if (error != nullptr) return context_.jobs.fail(job->id(), *error);
    if (!report.empty()) job->report(report);
    context_.jobs.complete(job->id());
}

sys::Duration Keeper::replica_step() {
    const Collection c = group_.snapshot();
    // Before the first point the store knows nothing of the collection: there is nothing to keep
    // up.
    if (!context_.store.newest(c.id)) return upkeep_pause;
    const auto policy = context_.policy->retention(c.settings, context_.world.clock.wall());
    point::Filters filters;
    // A failover does not wait for what can be done again later.
    filters.stopped = [this, interrupted = group_.interrupted()] {
        return stopping_ || interrupted();
    };
    try {
        const auto done = context_.store.maintain_once(group_.id(), policy, filters);
        return done.more ? sys::Duration(0) : sys::Duration(upkeep_pause);
    } catch (const Error& error) {
        // A failover pinned a point under the upkeep's hands, or interrupted it: the next round
        // sees the pin.
        if (error.code() != Code::in_use && error.code() != Code::stopped) throw;
        return upkeep_pause;
    }
}

}  // namespace reviver::replication
