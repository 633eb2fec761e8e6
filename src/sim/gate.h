// The site as its devices see it: the point that every call of the simulated world goes through.
#pragma once

#include <cstdint>
#include <string_view>

namespace reviver::sim {

enum class Step : std::uint8_t {
    sleep,
    wait,
    start,  // of a task
    file_read,
    file_change,  // what the power can be cut before: create, write, resize, punch, sync, rename,
                  // remove, ...
    connect,
    accept,
    receive,
    send,
};

std::string_view name_of(Step step);

class Gate {
  public:
    virtual ~Gate() = default;
    // Others may run here, time may pass, and the site may be killed: then throws Killed. False
    // when a killed site is unwinding its stack: the call must return at once, without an effect.
    virtual bool enter(Step step, std::uint64_t a = 0, std::uint64_t b = 0) = 0;
    // The same for callers that can neither be put aside nor thrown through (SQLite): false when
    // the site is dead.
    virtual bool enter_quietly(Step step, std::uint64_t a = 0, std::uint64_t b = 0) = 0;
};

}  // namespace reviver::sim
