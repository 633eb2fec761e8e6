#include "sys/exclusive.h"

#include <algorithm>

namespace reviver::sys {

// A wait may end by an exception: the site of a simulator dies there.
class Exclusive::Place {
  public:
    Place(Exclusive& owner, std::shared_ptr<Waiter> waiter)
        : owner_(owner), waiter_(std::move(waiter)) {}
    Place(const Place&) = delete;
    ~Place() {
        if (waiter_ != nullptr) owner_.leave(waiter_);
    }

    Turn wait() {
        while (!owner_.has_turn(*waiter_)) waiter_->signal->wait_until(never);
        waiter_.reset();
        return Turn(&owner_);
    }

  private:
    Exclusive& owner_;
    std::shared_ptr<Waiter> waiter_;
};

bool Exclusive::try_take() {
    const std::lock_guard lock(mutex_);
    if (taken_) return false;
    taken_ = true;
    return true;
}

Exclusive::Turn Exclusive::take() {
    if (try_take()) return Turn(this);
    return Place(*this, queue_up()).wait();
}

std::shared_ptr<Exclusive::Waiter> Exclusive::queue_up() {
    auto waiter = std::make_shared<Waiter>();
    waiter->signal = tasks_.make_signal();
    const std::lock_guard lock(mutex_);
    // It may have become free meanwhile, and then there is no queue.
    waiter->has_turn = !taken_;
    if (taken_) queue_.push_back(waiter);
    taken_ = true;
    return waiter;
}

bool Exclusive::has_turn(const Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    return waiter.has_turn;
}

void Exclusive::leave(const std::shared_ptr<Waiter>& waiter) {
    {
        const std::lock_guard lock(mutex_);
        if (!waiter->has_turn) {
            queue_.erase(std::find(queue_.begin(), queue_.end(), waiter));
            return;
        }
    }
    give_back();
}

void Exclusive::give_back() {
    std::shared_ptr<Waiter> next;
    {
        const std::lock_guard lock(mutex_);
        taken_ = !queue_.empty();
        if (!taken_) return;
        next = queue_.front();
        queue_.pop_front();
        next->has_turn = true;
    }
    next->signal->raise();
}

}  // namespace reviver::sys
