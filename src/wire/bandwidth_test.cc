#include "wire/bandwidth.h"

#include "wire/limits.h"
#include "wire/metered_stream.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>

namespace reviver::wire {
namespace {

// A clock that moves when somebody sleeps.
class SteppingClock : public sys::Clock {
  public:
    sys::WallTime wall() override { return sys::WallTime(now_.time_since_epoch()); }
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
    const BandwidthPlan slow_at_night{0, {{1, 0, 3600, bandwidth_min - 1}}};
    EXPECT_FAILS(Code::invalid_parameter, "too small", limit.set_plan(slow_at_night));
}

// Another end that takes and gives whatever is asked.
class Endless : public sys::Stream {
  public:
    std::size_t read_some(ByteSpan to) override { return to.size(); }
    void write_all(ByteView) override {}
    void set_deadline(sys::MonoTime) override {}
    void close() override {}
};

constexpr std::uint64_t kib = 1 << 10;
constexpr std::uint64_t mib = 1 << 20;

// On a simulated clock the bytes of a metered stream can be counted exactly.
class Metered : public Bandwidth {
  protected:
    using Way = std::function<void(MeteredStream&)>;

    std::shared_ptr<BandwidthLimit> limit_of(std::uint64_t rate) {
        return std::make_shared<BandwidthLimit>(clock, rate);
    }
    MeteredStream stream_with(BandwidthLimits limits) {
        return MeteredStream(std::make_shared<Endless>(), clock, std::move(limits));
    }
    // Bytes a second, both directions together.
    double rate_of(MeteredStream& stream, double seconds, const Way& way) {
        const double begin = clock.seconds();
        const Traffic before = stream.traffic();
        while (clock.seconds() - begin < seconds) way(stream);
        const Traffic after = stream.traffic();
        const std::uint64_t bytes =
            after.sent_bytes - before.sent_bytes + after.received_bytes - before.received_bytes;
        return static_cast<double>(bytes) / (clock.seconds() - begin);
    }

    Bytes room = Bytes(128 << 10);
    const Way sends = [this](MeteredStream& s) { s.write_all(room); };
    const Way receives = [this](MeteredStream& s) { s.read_some(room); };
    const Way talks = [this](MeteredStream& s) {
        s.write_all(ByteView(room).first(300));
        s.read_some(room);
        s.write_all(room);
        s.read_some(ByteSpan(room).first(90));
    };
};

TEST_F(Metered, every_rate_is_kept_within_a_percent_in_either_direction) {
    for (const std::uint64_t rate : {bandwidth_min, 100 * kib, mib, 37 * mib, 512 * mib}) {
        for (const Way& way : {sends, receives, talks}) {
            auto stream = stream_with({limit_of(rate)});
            rate_of(stream, 1, way);
            const double measured = rate_of(stream, 60, way);
            EXPECT_NEAR(measured / static_cast<double>(rate), 1, 0.01) << rate;
        }
    }
}

TEST_F(Metered, the_lower_of_two_limits_counts) {
    for (const auto& [site, own] : {std::pair(mib, 256 * kib), std::pair(256 * kib, mib)}) {
        for (const Way& way : {sends, receives, talks}) {
            auto stream = stream_with({limit_of(site), limit_of(own)});
            rate_of(stream, 1, way);
            EXPECT_NEAR(rate_of(stream, 60, way), 256 * kib, 2.6 * kib);
        }
    }
}

TEST_F(Metered, links_that_share_a_limit_have_it_together) {
    const auto shared = limit_of(mib);
    auto one = stream_with({shared});
    auto other = stream_with({shared, limit_of(8 * mib)});
    const double begin = clock.seconds();
    while (clock.seconds() - begin < 60) {
        one.write_all(room);
        other.read_some(room);
        other.write_all(room);
    }
    const std::uint64_t bytes =
        one.traffic().sent_bytes + other.traffic().sent_bytes + other.traffic().received_bytes;
    EXPECT_NEAR(static_cast<double>(bytes) / (clock.seconds() - begin), mib, 0.01 * mib);
}

// Three hours around a change of the calendar, on the clock of the wall.
TEST_F(Metered, the_rate_changes_with_the_hour) {
    const LocalTime now = local_time(clock.wall());
    const std::uint32_t in_an_hour = (now.second + 3600) % day_s;
    const std::uint32_t in_two_hours = (now.second + 7200) % day_s;
    const CalendarEntry hour{0b1111111, in_an_hour, in_two_hours == 0 ? day_s : in_two_hours, mib};
    const auto shared = std::make_shared<BandwidthLimit>(clock, BandwidthPlan{64 * kib, {hour}});
    auto stream = stream_with({shared});
    EXPECT_EQ(shared->rate(), 64 * kib);
    EXPECT_NEAR(rate_of(stream, 3600, sends), 64 * kib, kib);
    clock.sleep_until(clock.after(std::chrono::seconds(1)));
    EXPECT_EQ(shared->rate(), mib);
    EXPECT_NEAR(rate_of(stream, 3600, sends), mib, 0.01 * mib);
    EXPECT_NEAR(rate_of(stream, 3600, sends), 64 * kib, kib);
}

TEST_F(Metered, a_new_plan_holds_at_once) {
    const auto shared = limit_of(64 * kib);
    auto stream = stream_with({shared});
    rate_of(stream, 1, sends);
    shared->set_plan({4 * mib, {}});
    EXPECT_NEAR(rate_of(stream, 20, sends), 4 * mib, 0.05 * mib);
    shared->set_plan({0, {}});
    const double begin = clock.seconds();
    sends(stream);
    EXPECT_EQ(clock.seconds(), begin);
}

}  // namespace
}  // namespace reviver::wire
