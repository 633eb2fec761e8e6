#include "hypervisor/event_queue.h"

#include "base/error.h"
#include "base/log.h"
#include "hypervisor/limits.h"

namespace reviver::hypervisor {

EventQueue::EventQueue() : thread_([this] { run(); }) {}

EventQueue::~EventQueue() {
    stop();
}

void EventQueue::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    something_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void EventQueue::push(const DomainEvent& event) {
    // Told under the lock: whoever gets that in stop() knows that nobody is in here any more.
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= events_waiting_max) {
        waiting_.pop_front();
        log_warning("the listeners are slow: an event of a virtual machine was dropped");
    }
    waiting_.push_back(event);
    something_.notify_all();
}

std::shared_ptr<void> EventQueue::subscribe(Listener listener) {
    auto subscription = std::make_shared<Subscription>();
    subscription->listener = std::move(listener);
    const std::lock_guard lock(mutex_);
    std::erase_if(subscriptions_, [](const auto& entry) { return entry.expired(); });
    subscriptions_.push_back(subscription);
    return {nullptr, [subscription](void*) {
                const std::lock_guard calling(subscription->calling);
                subscription->ended = true;
            }};
}

void EventQueue::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        something_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        const DomainEvent event = waiting_.front();
        waiting_.pop_front();
        const auto subscriptions = subscriptions_;
        lock.unlock();
        for (const auto& entry : subscriptions) {
            const std::shared_ptr<Subscription> subscription = entry.lock();
            if (subscription == nullptr) continue;
            const std::lock_guard calling(subscription->calling);
            if (subscription->ended) continue;
            try {
                subscription->listener(event);
            } catch (const Error& e) {
                log_warning("after an event of {}: {}", event.id.text(), e.what());
            }
        }
        lock.lock();
    }
}

}  // namespace reviver::hypervisor
