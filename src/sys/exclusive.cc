#include "sys/exclusive.h"

namespace reviver::sys {

bool Exclusive::try_take() {
    const std::lock_guard lock(mutex_);
    if (taken_) return false;
    taken_ = true;
    return true;
}

Exclusive::Turn Exclusive::take() {
    // Whoever is woken and finds the turn taken again waits again; the next give_back() raises the
    // signal once more, so no waiter is forgotten.
    while (!try_take()) freed_->wait_until(never);
    return Turn(this);
}

void Exclusive::give_back() {
    {
        const std::lock_guard lock(mutex_);
        taken_ = false;
    }
    freed_->raise();
}

}  // namespace reviver::sys
