// How many cycles a site runs at a time. Each costs a connection of the other site, threads at both
// ends and a group's cut; more of them at once end no sooner.
//
// First come, first served, so that no collection starves. A long cycle (an initial copy, a
// resynchronization) waits for a place of its own kind, and others pass it meanwhile: however many
// copies are due, ordinary cycles keep their interval. What an operation sends (a planned failover)
// asks nobody: it is one more connection, and a person waits for it.
#pragma once

#include "sys/world.h"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace reviver::replication {

class CycleGate {
  public:
    // Gives the place back when destroyed.
    class Place {
      public:
        Place(CycleGate& gate, bool is_long) : gate_(&gate), is_long_(is_long) {}
        Place(Place&& other) noexcept : gate_(other.gate_), is_long_(other.is_long_) {
            other.gate_ = nullptr;
        }
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (gate_ != nullptr) gate_->leave(is_long_);
        }

      private:
        CycleGate* gate_;
        bool is_long_;
    };

    explicit CycleGate(sys::World& world) : world_(world) {}

    // Waits for a place. Code::stopped soon after `stopped` answers true.
    Place enter(bool is_long, const std::function<bool()>& stopped);

  private:
    struct Waiter {
        bool is_long;
        std::unique_ptr<sys::Signal> signal;
        bool admitted = false;
    };
    class Queued;

    std::shared_ptr<Waiter> queue_up(bool is_long);
    bool admitted(const Waiter& waiter);
    void admit_who_fits();  // with the mutex held
    void give_up(const std::shared_ptr<Waiter>& waiter);
    void leave(bool is_long);

    sys::World& world_;
    std::mutex mutex_;  // over what follows
    std::size_t running_ = 0;
    std::size_t running_long_ = 0;
    std::deque<std::shared_ptr<Waiter>> queue_;
};

}  // namespace reviver::replication
