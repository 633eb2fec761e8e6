// Carries lifecycle events from libvirt's event loop to the listeners, in a thread of its own: a
// listener may call libvirt, which it must not do inside the loop.
#pragma once

#include "hypervisor/hypervisor.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace reviver::hypervisor {

class EventQueue {
  public:
    using Listener = std::function<void(const DomainEvent&)>;

    EventQueue();
    ~EventQueue();
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;

    // No listener is running afterwards, and none is called again, whatever is pushed. Once is
    // enough; the destructor does it too.
    void stop();

    // Beyond events_waiting_max the oldest is dropped and logged: listeners treat events as hints
    // and look for themselves.
    void push(const DomainEvent& event);
    // Listens until the handle is gone. After its destruction the listener is not running and not
    // called again; so do not destroy the handle inside the listener.
    std::shared_ptr<void> subscribe(Listener listener);

  private:
    struct Subscription {
        std::mutex calling;
        Listener listener;
        bool ended = false;  // guarded by `calling`
    };
    void run();

    std::mutex mutex_;
    std::condition_variable something_;
    std::deque<DomainEvent> waiting_;
    std::vector<std::weak_ptr<Subscription>> subscriptions_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace reviver::hypervisor
