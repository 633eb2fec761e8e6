// Mutual exclusion that may be held across anything that blocks (files, sockets, waits), in tasks
// and in the simulator. Where nothing blocks inside, a std::mutex does.
//
// First come, first served: whoever interrupts the holder and waits for its turn gets it, even when
// the holder comes back for it at once.
#pragma once

#include "sys/world.h"

#include <deque>
#include <memory>
#include <mutex>

namespace reviver::sys {

class Exclusive {
  public:
    // Gives the turn back when destroyed.
    class Turn {
      public:
        explicit Turn(Exclusive* owner) : owner_(owner) {}
        Turn(Turn&& other) noexcept : owner_(other.owner_) { other.owner_ = nullptr; }
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (owner_ != nullptr) owner_->give_back();
        }

      private:
        Exclusive* owner_;
    };

    explicit Exclusive(World& world) : tasks_(world.tasks) {}

    // Waits for its turn. Taking it twice in one task is a deadlock.
    Turn take();

  private:
    struct Waiter {
        std::unique_ptr<Signal> signal;
        bool has_turn = false;
    };
    // A place in the queue; leaving it without the turn gives it up.
    class Place;

    bool try_take();
    std::shared_ptr<Waiter> queue_up();
    bool has_turn(const Waiter& waiter);
    void leave(const std::shared_ptr<Waiter>& waiter);
    void give_back();

    Tasks& tasks_;
    std::mutex mutex_;  // over what follows
    bool taken_ = false;
    std::deque<std::shared_ptr<Waiter>> queue_;
};

}  // namespace reviver::sys
