#include "hypervisor/event_loop.h"

#include "hypervisor/libvirt_error.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <mutex>

namespace reviver::hypervisor {

namespace {

// libvirt prints errors to stderr unless told otherwise; here every error is thrown with its text.
void print_nothing(void*, virErrorPtr) {}

void prepare_library() {
    if (virInitialize() < 0) fail_libvirt("starting libvirt");
    virSetErrorFunc(nullptr, print_nothing);
    if (virEventRegisterDefaultImpl() < 0) fail_libvirt("starting libvirt's event loop");
}

}  // namespace

std::shared_ptr<EventLoop> EventLoop::shared() {
    static std::mutex mutex;
    static std::weak_ptr<EventLoop> current;
    static std::once_flag prepared;
    const std::lock_guard lock(mutex);
    std::call_once(prepared, prepare_library);
    std::shared_ptr<EventLoop> loop = current.lock();
    if (loop == nullptr) current = loop = std::shared_ptr<EventLoop>(new EventLoop);
    return loop;
}

EventLoop::EventLoop() {
    // A timer that never fires by itself; setting it to zero wakes the loop for its end.
    const auto stop = [](int, void* loop) { static_cast<EventLoop*>(loop)->stopping_ = true; };
    wake_timer_ = virEventAddTimeout(-1, stop, this, nullptr);
    if (wake_timer_ < 0) fail_libvirt("starting libvirt's event loop");
    thread_ = std::thread([this] { run(); });
}

EventLoop::~EventLoop() {
    virEventUpdateTimeout(wake_timer_, 0);
    thread_.join();
    virEventRemoveTimeout(wake_timer_);
}

void EventLoop::run() {
    while (!stopping_) virEventRunDefaultImpl();
}

}  // namespace reviver::hypervisor
