#include "server/login_failures.h"

#include "server/limits.h"

#include <algorithm>

namespace reviver::server {

// No account has a longer name.
LoginFailures::Client LoginFailures::client(const std::string& address, std::string_view name) {
    return {address, std::string(name.substr(0, limits::account_name_chars_max))};
}

std::chrono::seconds LoginFailures::wait_after(std::size_t count) {
    if (count < limits::failures_free) return std::chrono::seconds(0);
    const std::size_t doublings = std::min<std::size_t>(count - limits::failures_free, 10);
    return std::min(std::chrono::seconds(1ll << doublings), limits::failure_wait_max);
}

std::size_t LoginFailures::names_of(const std::string& address) const {
    std::size_t names = 0;
    for (auto at = clients_.lower_bound({address, ""});
         at != clients_.end() && at->first.first == address; ++at)
        ++names;
    return names;
}

bool LoginFailures::turned_away(const std::string& address, std::string_view name,
                                Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(client(address, name));
    if (found != clients_.end()) return found->second.until > now;
    if (names_of(address) < limits::failing_names_max) return false;
    std::erase_if(clients_, [&](const auto& one) { return one.second.forget <= now; });
    return names_of(address) >= limits::failing_names_max;
}

void LoginFailures::make_room(Clock::time_point now) {
    if (clients_.size() < limits::failing_clients_max) return;
    std::erase_if(clients_, [&](const auto& one) { return one.second.forget <= now; });
    if (clients_.size() < limits::failing_clients_max) return;
    clients_.erase(std::min_element(clients_.begin(), clients_.end(), [](auto& a, auto& b) {
        return std::pair(a.second.count, a.second.until) <
               std::pair(b.second.count, b.second.until);
    }));
}

void LoginFailures::failed(const std::string& address, std::string_view name,
                           Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const Client who = client(address, name);
    if (!clients_.contains(who)) make_room(now);
    Entry& entry = clients_[who];
    if (entry.forget <= now) entry.count = 0;
    ++entry.count;
    entry.until = now + wait_after(entry.count);
    entry.forget = entry.until + limits::failure_wait_max;
}

void LoginFailures::succeeded(const std::string& address, std::string_view name) {
    const std::lock_guard lock(mutex_);
    clients_.erase(client(address, name));
}

}  // namespace reviver::server
