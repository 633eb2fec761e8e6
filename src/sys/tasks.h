// Concurrent activities and how one wakes another. A task is a thread on Linux and a fiber in the
// simulator.
//
// Rules that make one code run in both: a std::mutex is held only for short sections in which
// nothing blocks (no file, socket, sleep, wait or join), and a task never waits for another in any
// way but these.
#pragma once

#include "sys/clock.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::sys {

// A started task. Destroying the handle joins it: who starts a task outlives it.
class Task {
  public:
    virtual ~Task() = default;
    virtual void join() = 0;  // idempotent
};

// A flag that one task raises and another waits for. A wait takes the flag down; a raise before the
// wait is not lost. Several waiters: one raise wakes one of them. Raising may be done from any
// thread and while holding a mutex.
class Signal {
  public:
    virtual ~Signal() = default;
    virtual void raise() = 0;
    // True when it was raised, false when the time came first.
    virtual bool wait_until(MonoTime deadline) = 0;
};

class Tasks {
  public:
    virtual ~Tasks() = default;
    // Runs `work`. An Error that leaves it is logged and ends the task; catching is the work's own
    // business.
    virtual std::unique_ptr<Task> start(std::string name, std::function<void()> work) = 0;
    virtual std::unique_ptr<Signal> make_signal() = 0;
};

}  // namespace reviver::sys
