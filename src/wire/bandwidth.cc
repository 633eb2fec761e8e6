#include "wire/bandwidth.h"

#include "base/error.h"
#include "wire/limits.h"

#include <algorithm>

namespace reviver::wire {

namespace {

constexpr std::size_t slice_max = 256 << 10;
constexpr std::size_t slice_min = 4 << 10;
constexpr sys::Duration burst = std::chrono::milliseconds(100);
// What was received cannot delay what is to be sent for longer: a heartbeat must still get through.
constexpr sys::Duration debt_max = std::chrono::seconds(2);
constexpr sys::Duration look_again = std::chrono::seconds(1);

void check_rate(std::uint64_t bytes_per_second) {
    if (bytes_per_second == 0 || bytes_per_second >= bandwidth_min) return;
    fail(Code::invalid_parameter,
         "a bandwidth limit of {} bytes a second is too small: set {} or more, or 0 for none",
         bytes_per_second, bandwidth_min);
}

}  // namespace

BandwidthLimit::BandwidthLimit(sys::Clock& clock, BandwidthPlan plan) : clock_(clock) {
    set_plan(std::move(plan));
}

void BandwidthLimit::set_plan(BandwidthPlan plan) {
    check_rate(plan.bytes_per_second);
    for (const CalendarEntry& entry : plan.calendar) check_rate(entry.bytes_per_second);
    const std::lock_guard lock(mutex_);
    plan_ = std::move(plan);
    looked_up_again_ = {};
}

// Most plans have no calendar, and most sites no limit: they cost no look at the clock.
std::uint64_t BandwidthLimit::rate_now(sys::MonoTime now) const {
    if (plan_.calendar.empty()) return plan_.bytes_per_second;
    if (now >= looked_up_again_) {
        rate_ = rate_at(plan_, local_time(clock_.wall()));
        looked_up_again_ = now + look_again;
    }
    return rate_;
}

std::uint64_t BandwidthLimit::rate() const {
    const sys::MonoTime now = clock_.mono();
    const std::lock_guard lock(mutex_);
    return rate_now(now);
}

sys::Duration BandwidthLimit::cost(std::size_t bytes, std::uint64_t rate) {
    return sys::Duration((bytes * 1'000'000 + rate - 1) / rate);
}

void BandwidthLimit::wait_for(std::size_t bytes) {
    const sys::MonoTime now = clock_.mono();
    sys::MonoTime start = now;
    {
        const std::lock_guard lock(mutex_);
        const std::uint64_t rate = rate_now(now);
        if (rate == 0) return;
        paid_until_ = std::max(paid_until_, now - burst);
        start = paid_until_;
        paid_until_ += cost(bytes, rate);
    }
    if (start > now) clock_.sleep_until(start);
}

void BandwidthLimit::charge_received(std::size_t bytes) {
    const sys::MonoTime now = clock_.mono();
    const std::lock_guard lock(mutex_);
    const std::uint64_t rate = rate_now(now);
    if (rate == 0) return;
    paid_until_ = std::max(paid_until_, now - burst);
    const sys::MonoTime charged = std::min(paid_until_ + cost(bytes, rate), now + debt_max);
    paid_until_ = std::max(paid_until_, charged);
}

std::size_t BandwidthLimit::slice_bytes() const {
    const std::uint64_t rate = this->rate();
    if (rate == 0) return slice_max;
    return std::clamp<std::size_t>(rate / 20, slice_min, slice_max);
}

}  // namespace reviver::wire
