#include "replication/cycle_gate.h"

#include "base/error.h"
#include "replication/limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace reviver::replication {
namespace {

class Gate : public testing::Test {
  protected:
    // Enters in a thread, which stays there until the end.
    void enter_in_thread(bool is_long) {
        threads_.emplace_back([this, is_long] {
            try {
                const auto place = gate_.enter(is_long, [this] { return over_.load(); });
                ++(is_long ? long_ones_ : others_);
                over_.wait(false);
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), Code::stopped);
            }
        });
    }
    static bool reaches(const std::atomic<std::size_t>& count, std::size_t wanted) {
        sys::World& world = sys::linux_world();
        const auto until = world.clock.after(std::chrono::seconds(20));
        const auto pause = world.tasks.make_signal();
        while (count < wanted && world.clock.mono() < until) {
            pause->wait_until(world.clock.after(std::chrono::milliseconds(1)));
        }
        return count == wanted;
    }
    ~Gate() override {
        over_ = true;
        over_.notify_all();
        for (auto& thread : threads_) thread.join();
    }

    std::atomic<bool> over_ = false;
    CycleGate gate_{sys::linux_world()};
    std::atomic<std::size_t> long_ones_ = 0;
    std::atomic<std::size_t> others_ = 0;
    std::vector<std::thread> threads_;
};

TEST_F(Gate, LetsInSoManyAndTheNextWhenOneLeaves) {
    std::vector<std::optional<CycleGate::Place>> places;
    for (std::size_t i = 0; i < limits::cycles_at_once_max; ++i) {
        places.emplace_back(gate_.enter(false, {}));
    }
    enter_in_thread(false);
    try {
        gate_.enter(false, [] { return true; });
        FAIL() << "there was no room";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::stopped);
    }
    EXPECT_EQ(others_, 0u);
    places.front().reset();
    EXPECT_TRUE(reaches(others_, 1));
}

TEST_F(Gate, LongCyclesLeaveRoomForOthers) {
    for (std::size_t i = 0; i < 2 * limits::cycles_at_once_max; ++i) {
        enter_in_thread(true);
    }
    EXPECT_TRUE(reaches(long_ones_, limits::long_cycles_at_once_max));
    // Those that wait are passed by who came later.
    const std::size_t room = limits::cycles_at_once_max - limits::long_cycles_at_once_max;
    for (std::size_t i = 0; i < room; ++i) enter_in_thread(false);
    EXPECT_TRUE(reaches(others_, room));
    EXPECT_EQ(long_ones_, limits::long_cycles_at_once_max);
}

TEST_F(Gate, APlaceThatWasMovedIsGivenBackOnce) {
    for (std::size_t i = 0; i < 3 * limits::cycles_at_once_max; ++i) {
        CycleGate::Place place = gate_.enter(true, {});
        const CycleGate::Place moved = std::move(place);
    }
    std::vector<CycleGate::Place> places;
    for (std::size_t i = 0; i < limits::long_cycles_at_once_max; ++i) {
        places.push_back(gate_.enter(true, {}));
    }
    EXPECT_THROW(gate_.enter(true, [] { return true; }), Error);
}

}  // namespace
}  // namespace reviver::replication
