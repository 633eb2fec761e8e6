#include "wire/frame_queue.h"

namespace reviver::wire {

FrameQueue::FrameQueue(sys::World& world, std::size_t window_bytes)
    : chunk_room_(window_bytes),
      control_room_(control_bytes_max),
      changed_(world.tasks.make_signal()) {}

std::size_t& FrameQueue::room_for(const Frame& frame) {
    return frame.header.type == FrameType::chunk ? chunk_room_ : control_room_;
}

void FrameQueue::push(Frame frame) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        std::size_t& room = room_for(frame);
        if (frame.cost() > room) {
            fail(Code::protocol, "the peer sends more than was acknowledged and the window holds");
        }
        room -= frame.cost();
        frames_.push_back(std::move(frame));
    }
    changed_->raise();
}

bool FrameQueue::pop(Frame& frame) {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (closed_) return false;
            if (!frames_.empty()) {
                frame = std::move(frames_.front());
                frames_.pop_front();
                room_for(frame) += frame.cost();
                return true;
            }
        }
        changed_->wait_until(sys::never);
    }
}

bool FrameQueue::empty() const {
    const std::lock_guard lock(mutex_);
    return frames_.empty();
}

void FrameQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_->raise();
}

}  // namespace reviver::wire
