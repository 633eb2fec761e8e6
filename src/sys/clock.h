// Two times. Wall time (UTC) is for people and for what is stored; it may jump. Monotonic time is
// for deadlines and durations; it does not survive a restart of the machine.
#pragma once

#include <chrono>
#include <string>

namespace reviver::sys {

using Duration = std::chrono::microseconds;
using WallTime = std::chrono::sys_time<Duration>;

struct Monotonic {};
using MonoTime = std::chrono::time_point<Monotonic, Duration>;
constexpr MonoTime never = MonoTime::max();

class Clock {
  public:
    virtual ~Clock() = default;
    virtual WallTime wall() = 0;
    virtual MonoTime mono() = 0;
    virtual void sleep_until(
        MonoTime time) = 0;  // for what must wake earlier, use Signal::wait_until
    MonoTime after(Duration duration) { return mono() + duration; }
};

// "2026-11-22T15:04:05.123456Z"
std::string iso_text(WallTime time);

}  // namespace reviver::sys
