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

}  // namespace

BandwidthLimit::BandwidthLimit(sys::Clock& clock, std::uint64_t bytes_per_second) : clock_(clock) {
    set_rate(bytes_per_second);
}

void BandwidthLimit::set_rate(std::uint64_t bytes_per_second) {
    if (bytes_per_second != 0 && bytes_per_second < bandwidth_min) {
        fail(Code::invalid_parameter,
             "a bandwidth limit of {} bytes a second is too small: set {} or more, or 0 for none",
             bytes_per_second, bandwidth_min);
    }
    const std::lock_guard lock(mutex_);
    rate_ = bytes_per_second;
    paid_until_ = {};
}

std::uint64_t BandwidthLimit::rate() const {
    const std::lock_guard lock(mutex_);
    return rate_;
}

sys::Duration BandwidthLimit::cost(std::size_t bytes) const {
    return sys::Duration((bytes * 1'000'000 + rate_ - 1) / rate_);
}

void BandwidthLimit::wait_for(std::size_t bytes) {
    const sys::MonoTime now = clock_.mono();
    sys::MonoTime start = now;
    {
        const std::lock_guard lock(mutex_);
        if (rate_ == 0) return;
        paid_until_ = std::max(paid_until_, now - burst);
        start = paid_until_;
        paid_until_ += cost(bytes);
    }
    if (start > now) clock_.sleep_until(start);
}

void BandwidthLimit::charge_received(std::size_t bytes) {
    const sys::MonoTime now = clock_.mono();
    const std::lock_guard lock(mutex_);
    if (rate_ == 0) return;
    paid_until_ = std::max(paid_until_, now - burst);
    const sys::MonoTime charged = std::min(paid_until_ + cost(bytes), now + debt_max);
    paid_until_ = std::max(paid_until_, charged);
}

std::size_t BandwidthLimit::slice_bytes() const {
    const std::lock_guard lock(mutex_);
    if (rate_ == 0) return slice_max;
    return std::clamp<std::size_t>(rate_ / 20, slice_min, slice_max);
}

}  // namespace reviver::wire
