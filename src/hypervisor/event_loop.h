// libvirt's default event loop, in a thread of its own while anybody needs it. libvirt wants it
// registered before the first connection is opened, and run for events, keep-alives and the end of
// guests of the embedded driver.
#pragma once

#include <memory>
#include <thread>

namespace reviver::hypervisor {

class EventLoop {
  public:
    // One for the process, started for the first who asks, ended when the last lets go.
    static std::shared_ptr<EventLoop> shared();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

  private:
    EventLoop();
    void run();

    bool stopping_ = false;  // written and read in the loop's thread only
    int wake_timer_ = -1;
    std::thread thread_;
};

}  // namespace reviver::hypervisor
