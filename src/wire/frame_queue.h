// Frames that were read and wait for their handler: the memory that keeps a connection read at all
// times. The peer's window bounds it; a peer that sends more breaks the protocol.
#pragma once

#include "sys/world.h"
#include "wire/connection.h"

#include <deque>
#include <memory>
#include <mutex>

namespace reviver::wire {

// One task pushes, one pops; close() may come from any.
class FrameQueue {
  public:
    FrameQueue(sys::World& world, std::size_t window_bytes);

    // Error protocol when chunks exceed the window, or other requests control_bytes_max. Dropped
    // after close().
    void push(Frame frame);
    // Waits; false after close(), even when frames are left.
    bool pop(Frame& frame);
    bool empty() const;
    void close();

  private:
    std::size_t& room_for(const Frame& frame);

    mutable std::mutex mutex_;
    std::deque<Frame> frames_;
    std::size_t chunk_room_;
    std::size_t control_room_;
    bool closed_ = false;
    std::unique_ptr<sys::Signal> changed_;
};

}  // namespace reviver::wire
