#include "sim/scheduler.h"

#include "base/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace reviver::sim {

Scheduler::~Scheduler() {
    REVIVER_CHECK(activities_.empty());
}

std::shared_ptr<Activity> Scheduler::start(std::string name, Owner owner,
                                           std::function<void()> work) {
    auto activity = std::make_shared<Activity>(++last_id_, std::move(name), owner,
                                               [this, work = std::move(work)] { run_work(work); });
    // A killed site starts nothing new; the handle must still be joinable, so the fiber begins,
    // sees its doom, and ends.
    activity->doomed_ = doomed();
    activities_.push_back(activity);
    ready_.push_back(activity.get());
    return activity;
}

void Scheduler::run_work(const std::function<void()>& work) {
    try {
        if (!current_->doomed_) work();
    } catch (const Killed&) {
    } catch (const std::exception& e) {
        report_failure(fmt::format("{} ended by an exception: {}", current_->name_, e.what()));
    }
}

void Scheduler::pass() {
    now_ += sys::Duration(prng_.below(4));
    if (current_ == nullptr || current_->doomed_) return;
    if (prng_.one_in(2)) return;
    unblock_due();
    // Alone it may go on, but run_until() must see it now and then, to count its steps.
    if (ready_.empty() && ++passed_ % 64 != 0) return;
    yield();
}

void Scheduler::yield() {
    ready_.push_back(current_);
    current_->fiber_.suspend();
}

bool Scheduler::wait(WaitQueue& queue, sys::MonoTime deadline, const char* what) {
    REVIVER_CHECK(current_ != nullptr);
    if (current_->doomed_) return false;
    block(queue, deadline, true, what);
    return current_->woken_;
}

void Scheduler::join(Activity& activity) {
    while (!activity.ended()) {
        REVIVER_CHECK(current_ != nullptr);
        block(activity.joiners_, sys::never, false, activity.name_.c_str());
    }
}

void Scheduler::block(WaitQueue& queue, sys::MonoTime deadline, bool interruptible,
                      const char* what) {
    current_->blocked_ = true;
    current_->interruptible_ = interruptible;
    current_->deadline_ = deadline;
    current_->queue_ = &queue;
    current_->waits_for_ = what;
    queue.waiting_.push_back(current_);
    current_->fiber_.suspend();
}

void Scheduler::unblock(Activity& activity, bool woken) {
    std::erase(activity.queue_->waiting_, &activity);
    activity.blocked_ = false;
    activity.woken_ = woken;
    activity.queue_ = nullptr;
    activity.deadline_ = sys::never;
    ready_.push_back(&activity);
}

void Scheduler::wake_one(WaitQueue& queue) {
    if (queue.waiting_.empty()) return;
    unblock(*queue.waiting_[prng_.below(queue.waiting_.size())], true);
}

void Scheduler::wake_all(WaitQueue& queue) {
    while (!queue.waiting_.empty()) unblock(*queue.waiting_.back(), true);
}

void Scheduler::doom(Owner owner) {
    for (const auto& activity : activities_) {
        if (activity->owner_ != owner) continue;
        activity->doomed_ = true;
        if (activity->blocked_ && activity->interruptible_) unblock(*activity, false);
    }
}

bool Scheduler::any_of(Owner owner) const {
    return std::any_of(activities_.begin(), activities_.end(),
                       [&](const auto& activity) { return activity->owner_ == owner; });
}

void Scheduler::run_until(const std::function<bool()>& done, std::uint64_t steps) {
    for (; !done(); --steps) {
        if (steps == 0) throw Failure("does not come to an end:\n" + describe());
        if (!step()) throw Failure("deadlock, nobody can go on:\n" + describe());
        if (!failure_.empty()) throw Failure(std::exchange(failure_, {}));
    }
}

void Scheduler::report_failure(const std::string& text) {
    if (failure_.empty()) failure_ = text;
}

std::string Scheduler::describe() const {
    std::string result;
    for (const auto& activity : activities_) {
        result += fmt::format("  #{} {}{}{}{}\n", activity->id_, activity->name_,
                              activity->doomed_ ? " (doomed)" : "",
                              activity->blocked_ ? " waits for " : " is ready",
                              activity->blocked_ ? activity->waits_for_ : "");
    }
    return result;
}

bool Scheduler::step() {
    unblock_due();
    if (ready_.empty()) {
        const sys::MonoTime next = next_deadline();
        if (next == sys::never) return false;
        now_ = next;
        unblock_due();
    }
    run(prng_.below(ready_.size()));
    return true;
}

void Scheduler::run(std::size_t ready_index) {
    current_ = ready_[ready_index];
    ready_[ready_index] = ready_.back();
    ready_.pop_back();
    trace_.add(now_, current_->id_, "runs");
    current_->fiber_.resume();
    Activity* ran = std::exchange(current_, nullptr);
    if (!ran->ended()) return;
    wake_all(ran->joiners_);
    std::erase_if(activities_, [&](const auto& activity) { return activity.get() == ran; });
}

void Scheduler::unblock_due() {
    for (const auto& activity : activities_) {
        if (activity->blocked_ && activity->deadline_ <= now_) unblock(*activity, false);
    }
}

sys::MonoTime Scheduler::next_deadline() const {
    sys::MonoTime next = sys::never;
    for (const auto& activity : activities_) {
        if (activity->blocked_) next = std::min(next, activity->deadline_);
    }
    return next;
}

}  // namespace reviver::sim
