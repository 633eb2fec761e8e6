#include "replication/policy.h"

namespace reviver::replication {

Policy::Policy(sys::Clock& clock, SitePolicy policy)
    : clock_(clock), site_limit_(std::make_shared<wire::BandwidthLimit>(clock)) {
    set(std::move(policy));
}

void Policy::set(SitePolicy policy) {
    site_limit_->set_plan(policy.bandwidth.site);
    const std::lock_guard lock(mutex_);
    policy_ = std::move(policy);
    for (auto& [id, limited] : limits_) {
        limited.limit->set_plan(policy_.bandwidth.of(id, limited.name));
    }
}

store::RetentionPolicy Policy::retention(const Settings& settings, sys::WallTime now) const {
    store::RetentionPolicy result;
    result.recovery_history = settings.recovery_history;
    result.now = now;
    const std::lock_guard lock(mutex_);
    result.recent = std::chrono::minutes(policy_.retention.all_minutes);
    result.daily = policy_.retention.daily;
    result.weekly = policy_.retention.weekly;
    return result;
}

// A collection without a limit gets one that is unlimited, so that a limit which is set later
// holds for links that are open. Its name may be another one than at the last time.
std::shared_ptr<wire::BandwidthLimit> Policy::limit_of(CollectionId id, const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (limits_.size() >= reviver::limits::collections_max) {
        std::erase_if(limits_, [](const auto& item) { return item.second.limit.use_count() == 1; });
    }
    auto& limited = limits_[id];
    if (limited.limit == nullptr || limited.name != name) {
        if (limited.limit == nullptr)
            limited.limit = std::make_shared<wire::BandwidthLimit>(clock_);
        limited.limit->set_plan(policy_.bandwidth.of(id, name));
        limited.name = name;
    }
    return limited.limit;
}

std::uint64_t Policy::rate_of(CollectionId id, const std::string& name) const {
    const LocalTime now = local_time(clock_.wall());
    const std::lock_guard lock(mutex_);
    return rate_at(policy_.bandwidth.of(id, name), now);
}

}  // namespace reviver::replication
