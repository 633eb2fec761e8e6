#include "server/enumeration_contexts.h"

#include "server/soap_fault.h"
#include "server/wsman_envelope.h"

#include <algorithm>

namespace reviver::server {

std::string take_items(Enumeration& enumeration, std::size_t count, std::size_t bytes_max) {
    std::string items;
    for (; count > 0 && !enumeration.at_end(); --count, ++enumeration.next) {
        const std::string item = enumeration.item(enumeration.next);
        if (items.size() + item.size() > bytes_max) {
            if (!items.empty()) break;
            SoapFault fault(FaultFamily::wsman, "EncodingLimit",
                            "One instance alone is larger than a reply may be.", "MaxEnvelopeSize");
            throw fault.with_status(cim::Status::server_limits_exceeded);
        }
        items += item;
    }
    return items;
}

std::string EnumerationContexts::keep(const std::string& owner, Enumeration enumeration) {
    const std::lock_guard lock(mutex_);
    forget_expired();
    const auto owned = std::count_if(contexts_.begin(), contexts_.end(),
                                     [&](const auto& one) { return one.second.owner == owner; });
    if (contexts_.size() >= limits::contexts_max ||
        static_cast<std::size_t>(owned) >= per_user_max_) {
        SoapFault fault(FaultFamily::wsman, "QuotaLimit",
                        "There are too many open enumerations. Pull or release them.");
        throw fault.with_status(cim::Status::server_limits_exceeded);
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
        SoapFault fault(FaultFamily::enumeration, "InvalidEnumerationContext",
                        "There is no such enumeration: it ended, or nobody pulled for too long.");
        throw fault.with_status(cim::Status::invalid_enumeration_context);
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
