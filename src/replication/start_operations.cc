// The operations that begin or end a copying of everything: the initial replication and the
// resynchronization, now or at a time of their own. What they do is put on record; the keeper of
// the collection then does it (replication/agenda.h says when).

#include "base/error.h"
#include "medium/export_sink.h"
#include "replication/agenda.h"
#include "replication/engine.h"
#include "replication/export_run.h"
#include "replication/import.h"

#include <algorithm>

namespace reviver::replication {

namespace {

JobType job_type(InitialReplication type) {
    switch (type) {
        case InitialReplication::medium:
            return JobType::export_replication;
        case InitialReplication::seeded:
            return JobType::seeded_replication;
        default:
            return JobType::start_replication;
    }
}

}  // namespace

JobId Engine::start_replication(CollectionId id, const InitialStart& how,
                                const std::string& owner) {
    const auto group = require(id, Event::initial_started);
    const bool to_medium = how.type == InitialReplication::medium;
    if (to_medium) medium::require_free(context_.world.files, how.directory, id);
    const Operation operation{job_type(how.type),
                              to_medium ? "Export the initial copy of" : "Initial replication of",
                              "start_replication",
                              "",
                              false,
                              true};
    return launch(group, operation, owner, [this, how](Group& g, JobHandle& job) {
        if (how.type == InitialReplication::seeded) {
            auto turn = g.take_turn();
            job.progress(0, "asking the other site for a seed");
            job.progress(0, keeper_of(g.id()).ask_for_seed());
        }
        g.set_waiting_job(context_.jobs.resume(job.id()));
        g.advance(Event::initial_started, [&](Collection& c) {
            c.agenda = {};
            c.trouble.clear();
            c.exported.directory = how.directory;
        });
    });
}

JobId Engine::import_replica(const std::string& directory, std::optional<VmId> vm,
                             const std::string& owner) {
    const auto copy =
        std::make_shared<medium::ImportedCopy>(context_.world.files, sys::Path(directory));
    const auto& manifest = copy->manifest();
    const auto group = find(manifest.collection);
    if (group == nullptr) {
        fail(Code::invalid_parameter,
             "the copy is of collection {} ('{}'), which does not replicate to this site",
             manifest.collection.text(), manifest.name);
    }
    const auto is_it = [&](const VmDefinition& each) { return each.id == vm; };
    if (vm && std::none_of(manifest.vms.begin(), manifest.vms.end(), is_it)) {
        fail(Code::invalid_parameter, "the copy in {} has no VM {}", directory, vm->text());
    }
    require_importable(context_, group->snapshot(), manifest);
    const Operation operation{JobType::import_replication, "Import the initial copy of", "", "",
                              true};
    return launch(group, operation, owner, [this, copy](Group& g, JobHandle& job) {
        auto stopped = [this, &job] { return stopping_ || job.cancelled(); };
        import_copy(context_, group_of(g.id()), recovery_server_, *copy, job, stopped);
        job.report(
            fmt::format("{} bytes read from {}; the next cycle brings what was written "
                        "since",
                        copy->size_bytes(), copy->directory().string()));
    });
}

void Engine::schedule_replication(CollectionId id, InitialReplication how, sys::WallTime at) {
    const auto group = require(id, Event::initial_started);
    require_start_time(at, context_.world.clock.wall());
    group->update([how, at](Collection& c) {
        c.agenda.initial_asked = true;
        c.agenda.initial_type = how;
        c.agenda.initial_at = at;
        c.trouble.clear();
    });
    group->wake();
}

// What has arrived stays at the other side: starting again sends the rest. A medium is cleared.
void Engine::cancel_initial_replication(CollectionId id) {
    const auto group = group_of(id);
    const Collection before = group->snapshot();
    if (before.place == Place{Role::primary, State::ready} && before.agenda.initial_asked) {
        group->update([](Collection& c) { c.agenda = {}; });
        return;
    }
    require(id, Event::initial_cancelled);
    group->interrupt();
    auto turn = group->take_turn();
    const Collection at_work = group->snapshot();
    group->advance(Event::initial_cancelled, [](Collection& c) {
        if (c.initial_complete)
            fail(Code::invalid_state, "the initial replication of '{}' is complete", c.name);
        c.trouble.clear();
        c.exported.directory.clear();
    });
    forget_export(context_, at_work);
    group->give_up_waiting("the initial replication was cancelled");
}

// From states in which nothing is known to be missing everything is compared: whoever asks there
// has a reason that Reviver does not know.
void Engine::put_resync_on_agenda(Group& group, bool include_suspended, sys::WallTime at) {
    group.advance(Event::resync_asked, [&](Collection& c) {
        const bool suspended = group.snapshot().place.state == State::suspended;
        if (c.fenced) fail(Code::invalid_state, "{}", c.trouble);
        if (suspended && !include_suspended) {
            fail(Code::invalid_state,
                 "'{}' is suspended: set IncludeSuspended to resynchronize it all the same",
                 c.name);
        }
        if (!c.initial_complete) {
            fail(Code::invalid_state, "the initial replication of '{}' is not complete: resume it",
                 c.name);
        }
        if (c.exported.complete) {
            fail(Code::invalid_state, "'{}' waits for the import of its initial copy at site '{}'",
                 c.name, c.peer);
        }
        if (group.snapshot().place.state != State::waiting_for_resync)
            c.agenda.compare_all = context_.world.random.below(UINT64_MAX) + 1;
        c.agenda.resync_asked = true;
        c.agenda.resync_at = at;
        c.agenda.resync_cancelled = false;
        c.trouble.clear();
    });
    group.wake();
}

JobId Engine::resynchronize(CollectionId id, bool include_suspended, const std::string& owner) {
    const auto group = require(id, Event::resync_asked);
    if (group->waiting_job() != nullptr)
        fail(Code::invalid_state, "'{}' is being brought up to date already",
             group->snapshot().name);
    put_resync_on_agenda(*group, include_suspended, {});
    const Operation operation{
        JobType::resynchronize, "Resynchronize", "resynchronize", "", false, true};
    return launch(group, operation, owner, [this](Group& g, JobHandle& job) {
        g.set_waiting_job(context_.jobs.resume(job.id()));
        // Who ends it from now on is the keeper of a primary.
        if (g.snapshot().place.role != Role::primary)
            g.give_up_waiting("this side is no primary any more");
        g.wake();
    });
}

void Engine::schedule_resync(CollectionId id, bool include_suspended, sys::WallTime at) {
    const auto group = require(id, Event::resync_asked);
    require_start_time(at, context_.world.clock.wall());
    put_resync_on_agenda(*group, include_suspended, at);
}

// The points that the other side has stay what they are: what a resynchronization sends is no point
// before it is complete.
void Engine::cancel_resync(CollectionId id) {
    const auto group = require(id, Event::resync_cancelled);
    group->interrupt();
    auto turn = group->take_turn();
    group->advance(Event::resync_cancelled, [&](Collection& c) {
        if (c.reverse_pending)
            fail(Code::invalid_state, "'{}' is being reversed, which cannot be cancelled", c.name);
        const bool at_work = group->snapshot().place.state == State::resynchronizing;
        if (!at_work && !c.agenda.resync_asked)
            fail(Code::invalid_state, "no resynchronization of '{}' runs or is due", c.name);
        const std::uint64_t compare_all = c.agenda.compare_all;
        c.agenda = {};
        c.agenda.resync_cancelled = true;
        c.agenda.compare_all = compare_all;
    });
    group->give_up_waiting("the resynchronization was cancelled");
}

}  // namespace reviver::replication
