#include "server/enumeration_contexts.h"

#include "server/soap_fault.h"
#include "server/wsman_envelope.h"

#include <algorithm>

namespace reviver::server {

std::string EnumerationContexts::keep(const std::string& owner, Enumeration enumeration) {
    const std::lock_guard lock(mutex_);
    forget_expired();
    const auto owned = std::count_if(contexts_.begin(), contexts_.end(),
                                     [&](const auto& one) { return one.second.owner == owner; });
    if (contexts_.size() >= limits::contexts_max ||
        static_cast<std::size_t>(owned) >= per_user_max_) {
        throw SoapFault(FaultFamily::wsman, "QuotaLimit",
                        "There are too many open enumerations. Pull or release them.");
    }
    std::string name = "uuid:" + fresh_uuid();
    contexts_[name] = {owner, std::make_shared<Enumeration>(std::move(enumeration)),
                       std::chrono::steady_clock::now() + idle_time_max_, false};
    return name;
}

std::shared_ptr<Enumeration> EnumerationContexts::take(const std::string& name,
                                                       const std::string& owner) {
    const std::lock_guard lock(mutex_);
    forget_expired();
    const auto found = contexts_.find(name);
    if (found == contexts_.end() || found->second.owner != owner) {
        throw SoapFault(FaultFamily::enumeration, "InvalidEnumerationContext",
                        "There is no such enumeration: it ended, or nobody pulled for too long.");
    }
    if (found->second.taken) {
        throw SoapFault(FaultFamily::wsman, "Concurrency",
                        "Another request is pulling from this enumeration.");
    }
    found->second.taken = true;
    return found->second.enumeration;
}

void EnumerationContexts::give_back(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = contexts_.find(name);
    if (found == contexts_.end()) return;
    found->second.taken = false;
    found->second.until = std::chrono::steady_clock::now() + idle_time_max_;
}

void EnumerationContexts::let_go(const std::string& name) {
    const std::lock_guard lock(mutex_);
    contexts_.erase(name);
}

void EnumerationContexts::forget_expired() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(contexts_,
                  [&](const auto& one) { return !one.second.taken && one.second.until <= now; });
}

}  // namespace reviver::server
