#include "cim/event_bus.h"

#include "cim/limits.h"

#include <fmt/format.h>

#include <charconv>

namespace reviver::cim {

std::string_view name_of(Happening happening) {
    switch (happening) {
        case Happening::created:
            return "created";
        case Happening::modified:
            return "modified";
        case Happening::deleted:
            return "deleted";
    }
    return {};
}

void EventBus::publish(Event event) {
    const std::lock_guard lock(mutex_);
    event.id = id_of(++last_number_);
    for (const auto& [number, listener] : listeners_) listener.happened(event);
    history_.push_back(std::move(event));
    if (history_.size() > limits::event_history_max) history_.pop_front();
}

std::uint64_t EventBus::listen(std::string_view last_seen, Listener listener) {
    const std::lock_guard lock(mutex_);
    Start start{last_seen.empty() ? Beginning::now : Beginning::lost, id_of(last_number_), {}};
    if (const auto missed = events_since(last_seen)) {
        start.beginning = Beginning::resumed;
        for (std::size_t i = history_.size() - *missed; i < history_.size(); ++i) {
            start.missed.push_back(&history_[i]);
        }
    }
    listener.begin(start);
    listeners_.emplace(next_listener_, std::move(listener));
    return next_listener_++;
}

void EventBus::stop_listening(std::uint64_t listener) {
    const std::lock_guard lock(mutex_);
    listeners_.erase(listener);
}

std::size_t EventBus::listeners() {
    const std::lock_guard lock(mutex_);
    return listeners_.size();
}

std::string EventBus::id_of(std::uint64_t number) const {
    return fmt::format("{}-{}", run_, number);
}

std::optional<std::size_t> EventBus::events_since(std::string_view last_seen) const {
    const std::string prefix = run_ + "-";
    if (!last_seen.starts_with(prefix)) return std::nullopt;
    const std::string_view digits = last_seen.substr(prefix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
    if (error != std::errc() || end != digits.end() || number > last_number_) return std::nullopt;
    const std::uint64_t since = last_number_ - number;
    if (since > history_.size()) return std::nullopt;
    return since;
}

}  // namespace reviver::cim
