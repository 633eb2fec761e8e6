// A fiber: a function with a stack of its own, which runs until it suspends itself and later goes
// on from there. All fibers run in the thread that resumes them, so two never run at once. Each has
// its own exceptions in flight.
#pragma once

#include "base/bytes.h"

#include <ucontext.h>

#include <functional>
#include <memory>

namespace reviver::sim {

class Fiber {
  public:
    // `work` must not throw.
    explicit Fiber(std::function<void()> work);
    // The fiber must have ended, or never have been resumed.
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Runs the fiber until it suspends itself or ends; not from within a fiber.
    void resume();
    // Called by the fiber that runs.
    void suspend();
    bool ended() const { return ended_; }

  private:
    struct Stack;
    // What the C++ runtime keeps of the exceptions that are being thrown and handled
    // (__cxa_eh_globals in the Itanium C++ ABI).
    struct Exceptions {
        void* caught = nullptr;
        unsigned int uncaught = 0;
    };
    static void enter();
    static void swap_exceptions(Exceptions& save, const Exceptions& load);

    std::function<void()> work_;
    std::unique_ptr<Stack> stack_;
    ucontext_t context_{};
    ucontext_t resumer_{};
    Exceptions exceptions_;
    Exceptions resumer_exceptions_;
    void* fake_stack_ = nullptr;           // AddressSanitizer's, of the fiber while suspended
    const void* resumer_stack_ = nullptr;  // where the resumer's stack lies
    std::size_t resumer_stack_bytes_ = 0;
    bool started_ = false;
    bool ended_ = false;
};

}  // namespace reviver::sim
