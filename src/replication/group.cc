#include "replication/group.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/agenda.h"

namespace reviver::replication {

Group::Group(Context& context, Collection collection, Statistics statistics)
    : context_(context),
      id_(collection.id),
      change_turn_(context.world),
      work_turn_(context.world),
      wake_(context.world.tasks.make_signal()),
      collection_(std::move(collection)),
      statistics_(std::move(statistics)) {}

Collection Group::snapshot() {
    const std::lock_guard lock(mutex_);
    return collection_;
}

Statistics Group::statistics() {
    const std::lock_guard lock(mutex_);
    return statistics_;
}

Collection Group::update(const std::function<void(Collection&)>& change) {
    auto turn = change_turn_.take();
    Collection changed = snapshot();
    change(changed);
    context_.repository.put(document_kind(), id_.text(), to_text(changed));
    {
        const std::lock_guard lock(mutex_);
        collection_ = changed;
    }
    context_.observer.collection_changed(id_);
    return changed;
}

Collection Group::advance(Event event, const std::function<void(Collection&)>& change) {
    State before = State::disabled;
    Collection after = update([&](Collection& c) {
        const auto next = step(c.place, event);
        if (!next) {
            fail(Code::invalid_state, "'{}' is {} ({}) on this side; '{}' is not possible there",
                 c.name, name_of(c.place.state), name_of(c.place.role), name_of(event));
        }
        before = c.place.state;
        c.place = *next;
        if (change) change(c);
    });
    // Only now: what the log tells has happened, whatever ends this process next.
    log_info("'{}': {} -> {} ({})", after.name, name_of(before), name_of(after.place.state),
             name_of(event));
    return after;
}

void Group::update_statistics(const std::function<void(Statistics&)>& change) {
    auto turn = change_turn_.take();
    Statistics changed = statistics();
    change(changed);
    context_.repository.put(statistics_kind(), id_.text(), to_text(changed));
    {
        const std::lock_guard lock(mutex_);
        statistics_ = changed;
    }
    context_.observer.collection_changed(id_);
}

sys::Exclusive::Turn Group::take_turn() {
    return work_turn_.take();
}

void Group::interrupt() {
    ++interruptions_;
}

std::function<bool()> Group::interrupted() {
    return [this, at_start = interruptions_.load()] { return interruptions_ != at_start; };
}

void Group::begin_operation(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (!operation_.empty()) {
        fail(Code::in_use, "'{}' is at work on '{}'; try again when it has ended", operation_,
             collection_.name);
    }
    operation_ = what;
}

void Group::end_operation() {
    const std::lock_guard lock(mutex_);
    operation_.clear();
}

void Group::set_waiting_job(std::shared_ptr<JobHandle> job) {
    const std::lock_guard lock(mutex_);
    waiting_job_ = std::move(job);
}

std::shared_ptr<JobHandle> Group::waiting_job() {
    const std::lock_guard lock(mutex_);
    return waiting_job_;
}

void Group::give_up_waiting(const std::string& why) {
    const auto job = waiting_job();
    if (job == nullptr) return;
    set_waiting_job(nullptr);
    context_.jobs.fail(job->id(), Error(Code::failed, why));
}

// Connections follow each other, and an old one may still be ending.
std::shared_ptr<void> Group::receive_over_network() {
    const std::lock_guard lock(mutex_);
    if (!from_medium_.expired())
        fail(Code::in_use, "'{}' is being imported from a medium", collection_.name);
    auto way = over_network_.lock();
    if (way == nullptr) way = std::make_shared<int>();
    over_network_ = way;
    return way;
}

std::shared_ptr<void> Group::receive_from_medium() {
    const std::lock_guard lock(mutex_);
    if (!from_medium_.expired())
        fail(Code::in_use, "'{}' is being imported already", collection_.name);
    if (!over_network_.expired()) {
        fail(Code::in_use,
             "'{}' is being received over the network: cancel that at site '{}', or let it end",
             collection_.name, collection_.peer);
    }
    const std::shared_ptr<void> way = std::make_shared<int>();
    from_medium_ = way;
    return way;
}

std::vector<VmId> Group::vm_ids() {
    std::vector<VmId> result;
    for (const std::string& member : snapshot().members) {
        if (const auto id = VmId::parse(member)) result.push_back(*id);
    }
    return result;
}

HealthInput Group::health_input() {
    const Collection c = snapshot();
    const Statistics s = statistics();
    HealthInput input;
    input.name = c.name;
    input.role = c.place.role;
    input.state = state_of_replication(c);
    input.trouble = c.trouble;
    input.waits_for = agenda_text(c, context_.world.clock.wall());
    if (c.settings.application_interval_h > 0) input.quiesce_trouble = c.quiesce_trouble;
    input.interval_s = c.settings.interval_s;
    input.last_transfer = c.place.role == Role::primary ? s.last_success : c.last_apply_time;
    // What this side sent when it was primary before is no point of the relationship of today.
    if (c.reverse_pending) input.last_transfer = {};
    input.now = context_.world.clock.wall();
    return input;
}

}  // namespace reviver::replication
