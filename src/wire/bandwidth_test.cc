#include "wire/bandwidth.h"

#include "wire/limits.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>

namespace reviver::wire {
namespace {

// A clock that moves when somebody sleeps.
class SteppingClock : public sys::Clock {
  public:
    sys::WallTime wall() override { return {}; }
    sys::MonoTime mono() override { return now_; }
    void sleep_until(sys::MonoTime time) override { now_ = std::max(now_, time); }
    double seconds() const { return double(now_.time_since_epoch().count()) / 1e6; }

  private:
    sys::MonoTime now_{std::chrono::hours(1)};
};

class Bandwidth : public testing::Test {
  protected:
    double seconds_to_send(std::uint64_t bytes) {
        const double begin = clock.seconds();
        while (bytes > 0) {
            const std::uint64_t slice = std::min<std::uint64_t>(bytes, limit.slice_bytes());
            limit.wait_for(slice);
            bytes -= slice;
        }
        return clock.seconds() - begin;
    }
    SteppingClock clock;
    BandwidthLimit limit{clock};
};

TEST_F(Bandwidth, is_unlimited_until_set) {
    EXPECT_EQ(limit.rate(), 0u);
    EXPECT_EQ(seconds_to_send(1ull << 40), 0);
}

TEST_F(Bandwidth, is_kept) {
    limit.set_rate(1 << 20);
    EXPECT_NEAR(seconds_to_send(100 << 20), 100, 0.5);
    limit.set_rate(10 << 20);
    EXPECT_NEAR(seconds_to_send(100 << 20), 10, 0.5);
    limit.set_rate(0);
    EXPECT_EQ(seconds_to_send(100 << 20), 0);
}

TEST_F(Bandwidth, does_not_save_up_for_later) {
    limit.set_rate(1 << 20);
    clock.sleep_until(clock.after(std::chrono::hours(1)));
    EXPECT_NEAR(seconds_to_send(10 << 20), 10, 0.5);
}

TEST_F(Bandwidth, pays_for_what_was_received) {
    limit.set_rate(1 << 20);
    limit.charge_received(1 << 20);
    EXPECT_NEAR(seconds_to_send(1 << 20), 2, 0.3);
}

TEST_F(Bandwidth, is_never_blocked_for_long_by_what_was_received) {
    limit.set_rate(bandwidth_min);
    limit.charge_received(1 << 30);
    EXPECT_LE(seconds_to_send(64), 2.1);
}

TEST_F(Bandwidth, waits_are_short_at_every_rate) {
    for (std::uint64_t rate = bandwidth_min; rate < 1ull << 40; rate *= 3) {
        limit.set_rate(rate);
        limit.wait_for(limit.slice_bytes());
        limit.wait_for(limit.slice_bytes());
        const double begin = clock.seconds();
        limit.wait_for(limit.slice_bytes());
        EXPECT_LE(clock.seconds() - begin, 0.3) << rate;
    }
}

TEST_F(Bandwidth, has_a_smallest_rate) {
    EXPECT_FAILS(Code::invalid_parameter, "too small", limit.set_rate(bandwidth_min - 1));
    EXPECT_FAILS(Code::invalid_parameter, "too small", BandwidthLimit(clock, 1));
}

}  // namespace
}  // namespace reviver::wire
