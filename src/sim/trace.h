// What happened in a run, in order. The hash says whether two runs were the same; the last lines
// explain a failure.
#pragma once

#include "sys/clock.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace reviver::sim {

class Trace {
  public:
    // `what` must live as long as the trace: a literal.
    void add(sys::MonoTime time, std::uint32_t fiber, std::string_view what, std::uint64_t a = 0,
             std::uint64_t b = 0);
    void note(sys::MonoTime time, std::string text);

    // Prints each note at once.
    void set_loud(bool loud) { loud_ = loud; }

    std::uint64_t hash() const { return hash_; }
    std::string tail() const;

  private:
    struct Step {
        sys::MonoTime time;
        std::uint32_t fiber = 0;
        std::string_view what;
        std::uint64_t a = 0;
        std::uint64_t b = 0;
    };
    void mix(std::uint64_t value);

    std::deque<Step> steps_;
    std::deque<std::string> notes_;
    std::uint64_t hash_ = 0x51ed270b;
    bool loud_ = false;
};

}  // namespace reviver::sim
