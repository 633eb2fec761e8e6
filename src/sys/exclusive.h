// Mutual exclusion that may be held across anything that blocks (files, sockets, waits), in tasks
// and in the simulator. Where nothing blocks inside, a std::mutex does.
#pragma once

#include "sys/world.h"

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

    explicit Exclusive(World& world) : freed_(world.tasks.make_signal()) {}

    // Waits for its turn. Taking it twice in one task is a deadlock.
    Turn take();

  private:
    bool try_take();
    void give_back();

    std::mutex mutex_;
    bool taken_ = false;
    std::unique_ptr<Signal> freed_;
};

}  // namespace reviver::sys
