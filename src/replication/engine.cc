// The engine's book-keeping: which collections there are, who may do what, jobs and tasks. What the
// operations do is in the files *operations.cc.

#include "replication/engine.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/limits.h"

#include <algorithm>

namespace reviver::replication {

namespace {

// A test is what its replica says of it.
void require_no_test(const Collection& c) {
    if (c.place.role != Role::test_replica) return;
    fail(Code::invalid_state, "'{}' is a test, which goes with its revert: ask about its replica",
         c.name);
}

Context with_policy(Context context) {
    if (!context.policy) context.policy = std::make_shared<Policy>(context.world.clock);
    return context;
}

}  // namespace

Engine::Engine(Context context)
    : context_(with_policy(std::move(context))),
      recovery_server_(context_.repository, context_.peers, context_.site.name),
      gate_(context_.world),
      failover_network_(context_.repository),
      desk_(context_, *this, recovery_server_) {
    for (const auto& [id, text] : context_.repository.list(Group::document_kind())) {
        go_live(collection_from_text(text));
    }
    go_on();
}

Engine::~Engine() {
    stopping_ = true;
    std::vector<RunningTask> tasks;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [id, live] : live_) live.group->interrupt();
        tasks = std::move(tasks_);
    }
    tasks.clear();  // jobs use keepers, so they end first
    std::map<CollectionId, Live> live;
    {
        const std::lock_guard lock(mutex_);
        live = std::move(live_);
    }
}

void Engine::go_live(Collection collection) {
    const CollectionId id = collection.id;
    Statistics statistics;
    statistics.start = context_.world.clock.wall();
    if (const auto text = context_.repository.get(Group::statistics_kind(), id.text())) {
        statistics = statistics_from_text(*text);
    }
    Live live;
    live.group = std::make_shared<Group>(context_, std::move(collection), std::move(statistics));
    live.keeper = std::make_unique<Keeper>(context_, *live.group, recovery_server_, gate_);
    const std::lock_guard lock(mutex_);
    live_.emplace(id, std::move(live));
}

std::shared_ptr<Group> Engine::find(CollectionId id) {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(id);
    return found == live_.end() ? nullptr : found->second.group;
}

std::shared_ptr<Group> Engine::add(Collection collection) {
    {
        const std::lock_guard lock(mutex_);
        if (live_.size() >= reviver::limits::collections_max) {
            fail(Code::out_of_memory, "this site has {} collections; that is the limit",
                 live_.size());
        }
    }
    context_.repository.put(Group::document_kind(), collection.id.text(), to_text(collection));
    const CollectionId id = collection.id;
    go_live(std::move(collection));
    context_.observer.collection_changed(id);
    return find(id);
}

Keeper& Engine::keeper_of(CollectionId id) {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(id);
    if (found == live_.end()) fail(Code::not_found, "there is no collection {}", id.text());
    return *found->second.keeper;
}

GroupDisks& Engine::disks(CollectionId id) {
    return keeper_of(id).disks();
}
void Engine::forget_disks(CollectionId id) {
    keeper_of(id).forget_disks();
}

std::shared_ptr<Group> Engine::group_of(CollectionId id) {
    auto group = find(id);
    if (group == nullptr) fail(Code::not_found, "there is no collection {}", id.text());
    return group;
}

std::shared_ptr<Group> Engine::require(CollectionId id, Event event) {
    auto group = group_of(id);
    const Collection c = group->snapshot();
    if (c.of_collections) {
        fail(Code::not_supported, "'{}' is a collection of collections; replicate those", c.name);
    }
    if (!step_exists(c.place, event)) {
        fail(Code::invalid_state,
             "'{}' is {} ({}) on site '{}'; {} is not possible there. See `reviver status` of both "
             "sites",
             c.name, name_of(c.place.state), name_of(c.place.role), context_.site.name,
             name_of(event));
    }
    return group;
}

std::vector<Collection> Engine::collections() {
    std::vector<std::shared_ptr<Group>> groups;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, live] : live_) groups.push_back(live.group);
    }
    std::vector<Collection> result;
    for (const auto& group : groups) result.push_back(group->snapshot());
    return result;
}

std::optional<Collection> Engine::collection(CollectionId id) {
    const auto group = find(id);
    if (group == nullptr) return std::nullopt;
    return group->snapshot();
}

std::vector<PointInfo> Engine::points(CollectionId id) {
    return context_.store.points(id);
}

std::vector<store::KeptPoint> Engine::kept_points(CollectionId id) {
    return context_.store.kept(
        id, context_.policy->retention(group_of(id)->snapshot().settings, now()));
}

std::optional<Lag> Engine::lag(CollectionId id) {
    const auto group = group_of(id);
    return lag_of(group->health_input(), group->statistics());
}

Statistics Engine::statistics(CollectionId id) {
    return group_of(id)->statistics();
}

Health Engine::health(CollectionId id) {
    const auto group = group_of(id);
    Health health = judge(group->health_input(), group->statistics());
    for (std::string& text : notes_.about(group->vm_ids(), now())) {
        health.level = std::max(health.level, HealthLevel::warning);
        health.issues.push_back(std::move(text));
    }
    return health;
}

void Engine::note(VmId vm, const std::string& text) {
    notes_.add(vm, text, now());
}

CollectionId Engine::define_collection(const std::string& name, std::optional<CollectionId> id,
                                       bool of_collections) {
    Collection collection;
    collection.id = id ? *id : CollectionId(context_.world.random.uuid());
    collection.name = name.empty() ? "New collection" : name;
    collection.of_collections = of_collections;
    require_name("a collection", collection.name);
    if (find(collection.id) != nullptr) {
        fail(Code::invalid_parameter, "a collection with the id {} is there already",
             collection.id.text());
    }
    return add(collection)->id();
}

void Engine::destroy_collection(CollectionId id) {
    const auto group = group_of(id);
    const Collection c = group->snapshot();
    require_no_test(c);
    if (c.place.role != Role::none || !c.members.empty()) {
        fail(Code::invalid_state,
             "'{}' {}; only an empty collection that does not replicate is destroyed", c.name,
             c.members.empty() ? "replicates" : "has members");
    }
    drop(id);
}

// Of a collection that is not there any more, too.
void Engine::drop(CollectionId id) {
    const std::vector<state::Change> gone{{Group::document_kind(), id.text(), std::nullopt},
                                          {Group::statistics_kind(), id.text(), std::nullopt}};
    context_.repository.commit(gone);
    Live live;
    {
        const std::lock_guard lock(mutex_);
        const auto found = live_.find(id);
        if (found == live_.end()) return;
        live = std::move(found->second);
        live_.erase(found);
    }
    context_.observer.collection_changed(id);
}

void Engine::rename_collection(CollectionId id, const std::string& name) {
    require_name("a collection", name);
    group_of(id)->update([&](Collection& c) {
        require_no_test(c);
        c.name = name;
    });
}

void Engine::add_member(CollectionId id, const std::string& member) {
    const auto group = group_of(id);
    const bool of_collections = group->snapshot().of_collections;
    if (of_collections) {
        const auto inner = CollectionId::parse(member);
        const auto found = inner ? find(*inner) : nullptr;
        if (found == nullptr || found->snapshot().of_collections) {
            fail(Code::invalid_parameter, "'{}' is no collection of VMs", member);
        }
    } else {
        const auto vm = VmId::parse(member);
        if (!vm || !context_.machines.vm_name(*vm)) {
            fail(Code::invalid_parameter, "there is no VM {} on site '{}'", member,
                 context_.site.name);
        }
        if (is_of_a_trial(member)) {
            fail(Code::invalid_state, "{} belongs to a test and goes with it", member);
        }
    }
    group->update([&](Collection& c) {
        if (c.place.role != Role::none) {
            fail(Code::invalid_state, "'{}' {}; its members cannot be changed", c.name,
                 c.place.role == Role::test_replica ? "is a test" : "replicates");
        }
        if (std::find(c.members.begin(), c.members.end(), member) != c.members.end()) {
            fail(Code::invalid_parameter, "{} is a member of '{}' already", member, c.name);
        }
        if (c.members.size() >= reviver::limits::members_max) {
            fail(Code::invalid_parameter, "'{}' has {} members; that is the limit", c.name,
                 c.members.size());
        }
        c.members.push_back(member);
    });
}

void Engine::remove_member(CollectionId id, const std::string& member) {
    group_of(id)->update([&](Collection& c) {
        if (c.place.role != Role::none) {
            fail(Code::invalid_state, "'{}' {}; its members cannot be changed", c.name,
                 c.place.role == Role::test_replica ? "is a test" : "replicates");
        }
        if (std::erase(c.members, member) == 0) {
            fail(Code::invalid_parameter, "{} is no member of '{}'", member, c.name);
        }
    });
}

void Engine::reset_statistics(CollectionId id) {
    const auto group = group_of(id);
    if (const Collection c = group->snapshot(); !is_in_relationship(c.place.role)) {
        fail(Code::invalid_state, "'{}' does not replicate: there are no statistics", c.name);
    }
    group->update_statistics(
        [&](Statistics& s) { begin_interval(s, context_.world.clock.wall()); });
}

JobId Engine::launch(std::shared_ptr<Group> group, const Operation& operation,
                     const std::string& owner, Work work) {
    const Collection c = group->snapshot();
    group->begin_operation(operation.name);
    std::shared_ptr<JobHandle> handle;
    try {
        Job job;
        job.type = operation.type;
        job.collection = c.id;
        job.name = fmt::format("{} '{}'", operation.name, c.name);
        job.owner = owner;
        job.method = operation.method;
        job.argument = operation.argument;
        job.result = operation.result;
        job.cancellable = operation.cancellable;
        handle = context_.jobs.begin(job);
    } catch (const Error&) {
        group->end_operation();
        throw;
    }
    run_in_task(std::move(group), handle, std::move(work), operation.ends_elsewhere);
    return handle->id();
}

void Engine::run_in_task(std::shared_ptr<Group> group, std::shared_ptr<JobHandle> job, Work work,
                         bool ends_elsewhere) {
    auto run = [this, group, job, work = std::move(work), ends_elsewhere] {
        try {
            work(*group, *job);
            group->end_operation();
            if (!ends_elsewhere) context_.jobs.complete(job->id());
        } catch (const Error& error) {
            group->end_operation();
            // While the site shuts down the job stays "running" on disk and goes on at the next
            // start.
            if (!(stopping_ && error.code() == Code::stopped)) context_.jobs.fail(job->id(), error);
        }
        group->wake();
    };
    start_task("job " + job->id().text(), std::move(run));
}

void Engine::start_task(const std::string& name, std::function<void()> work) {
    auto ended = std::make_shared<std::atomic<bool>>(false);
    auto task = context_.world.tasks.start(name, [ended, work = std::move(work)] {
        work();
        *ended = true;
    });
    std::vector<RunningTask> over;  // joined outside of the lock
    const std::lock_guard lock(mutex_);
    for (auto& running : tasks_) {
        if (*running.ended) over.push_back(std::move(running));
    }
    std::erase_if(tasks_, [](const RunningTask& running) { return running.task == nullptr; });
    tasks_.push_back({std::move(task), std::move(ended)});
}

}  // namespace reviver::replication
