#include "sys/linux.h"

#include <thread>

namespace reviver::sys {

namespace {

class LinuxClock : public Clock {
  public:
    WallTime wall() override {
        return std::chrono::floor<Duration>(std::chrono::system_clock::now());
    }
    MonoTime mono() override {
        const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
        return MonoTime(std::chrono::duration_cast<Duration>(since_boot));
    }
    void sleep_until(MonoTime time) override {
        while (mono() < time) std::this_thread::sleep_for(std::min<Duration>(time - mono(), step));
    }

  private:
    // Longer sleeps are made of these, so that no conversion to nanoseconds overflows.
    static constexpr Duration step = std::chrono::hours(24);
};

}  // namespace

Clock& linux_clock() {
    static LinuxClock clock;
    return clock;
}

}  // namespace reviver::sys
