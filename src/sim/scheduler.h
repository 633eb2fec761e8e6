// Runs the fibers of a simulation one at a time. Which of those that are ready goes next is drawn
// from the seed; when none is ready, the simulated time jumps to the next moment at which one will
// be.
//
// Doom: the fibers of an owner (a site) can be doomed. A doomed fiber no longer waits for anything
// but the end of its own children, and whoever works for it throws Killed at the next call that may
// throw. So the stack unwinds as if the process had died, while nothing that it does on the way has
// an effect (see Site).
#pragma once

#include "sim/fiber.h"
#include "sim/prng.h"
#include "sim/trace.h"
#include "sys/clock.h"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace reviver::sim {

// Leaves a call of a killed site. It is no std::exception: nobody but the scheduler catches it.
struct Killed {};

// The simulated system did what it must not: a deadlock, a run without end, an exception nobody
// caught, a violated check.
class Failure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class Activity;

// Fibers that wait for something; the order in which they are woken is drawn.
class WaitQueue {
  private:
    friend class Scheduler;
    std::vector<Activity*> waiting_;
};

using Owner = int;

// A fiber with what the scheduler knows of it.
class Activity {
  public:
    Activity(std::uint32_t id, std::string name, Owner owner, std::function<void()> work)
        : id_(id), name_(std::move(name)), owner_(owner), fiber_(std::move(work)) {}

    std::uint32_t id() const { return id_; }
    const std::string& name() const { return name_; }
    bool ended() const { return fiber_.ended(); }

  private:
    friend class Scheduler;
    std::uint32_t id_;
    std::string name_;
    Owner owner_;
    Fiber fiber_;
    bool blocked_ = false;
    bool woken_ = false;
    bool doomed_ = false;
    bool interruptible_ = true;            // while blocked: doom ends the wait
    sys::MonoTime deadline_ = sys::never;  // while blocked
    WaitQueue* queue_ = nullptr;           // while blocked
    const char* waits_for_ = "";           // while blocked
    WaitQueue joiners_;
};

class Scheduler {
  public:
    Scheduler(Prng prng, Trace& trace) : prng_(prng), trace_(trace) {}
    ~Scheduler();

    sys::MonoTime now() const { return now_; }
    // The fiber that runs; null outside of fibers.
    Activity* current() const { return current_; }
    bool doomed() const { return current_ != nullptr && current_->doomed_; }

    std::shared_ptr<Activity> start(std::string name, Owner owner, std::function<void()> work);
    // A point at which others may go first; takes a little simulated time.
    void pass();
    // Lets others go first; takes no time. For a doomed fiber too.
    void yield();
    // Waits until woken (true), or until `deadline` or doom (false).
    bool wait(WaitQueue& queue, sys::MonoTime deadline, const char* what);
    void wake_one(WaitQueue& queue);
    void wake_all(WaitQueue& queue);
    void join(Activity& activity);

    void doom(Owner owner);
    bool any_of(Owner owner) const;
    // Runs until `done`. Throws Failure.
    void run_until(const std::function<bool()>& done, std::uint64_t steps);
    // From any fiber: makes run_until() throw.
    void report_failure(const std::string& text);
    // What each fiber is doing.
    std::string describe() const;

  private:
    bool step();
    void run(std::size_t ready_index);
    void block(WaitQueue& queue, sys::MonoTime deadline, bool interruptible, const char* what);
    void unblock(Activity& activity, bool woken);
    void unblock_due();
    sys::MonoTime next_deadline() const;
    void run_work(const std::function<void()>& work);

    Prng prng_;
    Trace& trace_;
    sys::MonoTime now_{std::chrono::hours(1)};
    std::vector<std::shared_ptr<Activity>> activities_;
    std::vector<Activity*> ready_;
    Activity* current_ = nullptr;
    std::uint32_t last_id_ = 0;
    std::uint64_t passed_ = 0;  // calls of pass() by a fiber that was alone
    std::string failure_;
};

}  // namespace reviver::sim
