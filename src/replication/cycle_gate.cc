#include "replication/cycle_gate.h"

#include "base/error.h"
#include "replication/limits.h"
#include "wire/limits.h"

#include <algorithm>

namespace reviver::replication {

namespace {

// The other site gives us that many connections; operations need some too.
static_assert(limits::cycles_at_once_max + wire::calls_max <= wire::connections_per_peer_max);
static_assert(limits::long_cycles_at_once_max < limits::cycles_at_once_max);

constexpr sys::Duration look_for_stop = std::chrono::milliseconds(250);

}  // namespace

// A wait may end by an exception: the site of a simulator dies there.
class CycleGate::Queued {
  public:
    Queued(CycleGate& gate, std::shared_ptr<Waiter> waiter)
        : gate_(gate), waiter_(std::move(waiter)) {}
    Queued(const Queued&) = delete;
    ~Queued() {
        if (waiter_ != nullptr) gate_.give_up(waiter_);
    }

    Place wait(const std::function<bool()>& stopped) {
        while (!gate_.admitted(*waiter_)) {
            if (stopped && stopped()) fail(Code::stopped, "the cycle is not needed any more");
            waiter_->signal->wait_until(gate_.world_.clock.after(look_for_stop));
        }
        Place place(gate_, waiter_->is_long);
        waiter_.reset();
        return place;
    }

  private:
    CycleGate& gate_;
    std::shared_ptr<Waiter> waiter_;
};

CycleGate::Place CycleGate::enter(bool is_long, const std::function<bool()>& stopped) {
    return Queued(*this, queue_up(is_long)).wait(stopped);
}

std::shared_ptr<CycleGate::Waiter> CycleGate::queue_up(bool is_long) {
    auto waiter = std::make_shared<Waiter>(Waiter{is_long, world_.tasks.make_signal()});
    const std::lock_guard lock(mutex_);
    queue_.push_back(waiter);
    admit_who_fits();
    return waiter;
}

bool CycleGate::admitted(const Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    return waiter.admitted;
}

void CycleGate::admit_who_fits() {
    std::erase_if(queue_, [this](const auto& waiter) {
        if (running_ >= limits::cycles_at_once_max) return false;
        if (waiter->is_long && running_long_ >= limits::long_cycles_at_once_max) return false;
        ++running_;
        if (waiter->is_long) ++running_long_;
        waiter->admitted = true;
        waiter->signal->raise();
        return true;
    });
}

void CycleGate::give_up(const std::shared_ptr<Waiter>& waiter) {
    bool has_place = false;
    {
        const std::lock_guard lock(mutex_);
        has_place = waiter->admitted;
        std::erase(queue_, waiter);
    }
    if (has_place) leave(waiter->is_long);
}

void CycleGate::leave(bool is_long) {
    const std::lock_guard lock(mutex_);
    --running_;
    if (is_long) --running_long_;
    admit_who_fits();
}

}  // namespace reviver::replication
