// For tests: a network in memory. What one end of a stream writes, the other reads; nothing is
// lost, delayed or refused but what a test asks for. Real threads and real time.
#pragma once

#include "base/error.h"
#include "sys/world.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

namespace reviver::wire {

// One direction of a stream.
class MemoryPipe {
  public:
    explicit MemoryPipe(std::size_t capacity) : capacity_(capacity) {}

    std::size_t read_some(ByteSpan to, sys::MonoTime deadline) {
        std::unique_lock lock(mutex_);
        wait(lock, deadline, [&] { return !bytes_.empty() || finished_; });
        const std::size_t count = std::min(to.size(), bytes_.size());
        std::copy_n(bytes_.begin(), count, to.begin());
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(count));
        changed_.notify_all();
        return count;
    }

    void write_all(ByteView from, sys::MonoTime deadline) {
        std::unique_lock lock(mutex_);
        while (!from.empty()) {
            wait(lock, deadline, [&] { return bytes_.size() < capacity_ || finished_; });
            if (finished_) fail(Code::unavailable, "the other end has gone");
            const std::size_t count = std::min(from.size(), capacity_ - bytes_.size());
            bytes_.insert(bytes_.end(), from.begin(), from.begin() + std::ptrdiff_t(count));
            from = from.subspan(count);
            total_ += count;
            changed_.notify_all();
        }
    }

    void finish() {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        changed_.notify_all();
    }

    std::uint64_t total_bytes() const {
        const std::lock_guard lock(mutex_);
        return total_;
    }

  private:
    template <class Condition>
    void wait(std::unique_lock<std::mutex>& lock, sys::MonoTime deadline, Condition condition) {
        while (!condition()) {
            const sys::MonoTime now = sys::linux_world().clock.mono();
            if (now >= deadline) fail(Code::timeout, "the other end did not answer in time");
            changed_.wait_for(lock, std::min<sys::Duration>(deadline - now, std::chrono::hours(1)));
        }
    }

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::byte> bytes_;
    std::uint64_t total_ = 0;
    bool finished_ = false;
};

class MemoryStream : public sys::Stream {
  public:
    MemoryStream(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out)
        : in_(std::move(in)), out_(std::move(out)) {}
    ~MemoryStream() override { shut(); }

    std::size_t read_some(ByteSpan to) override {
        const std::size_t got = in_->read_some(to, deadline_);
        if (closed_) fail(Code::stopped, "the stream was closed");
        return got;
    }
    void write_all(ByteView from) override {
        if (closed_) fail(Code::stopped, "the stream was closed");
        out_->write_all(from, deadline_);
    }
    void set_deadline(sys::MonoTime deadline) override { deadline_ = deadline; }
    void close() override {
        closed_ = true;
        shut();
    }

  private:
    void shut() {
        in_->finish();
        out_->finish();
    }

    std::shared_ptr<MemoryPipe> in_;
    std::shared_ptr<MemoryPipe> out_;
    std::atomic<sys::MonoTime> deadline_ = sys::never;
    std::atomic<bool> closed_ = false;
};

class MemoryNetwork : public sys::Network {
  public:
    explicit MemoryNetwork(std::size_t buffer_bytes = 64 << 10) : buffer_bytes_(buffer_bytes) {}

    std::unique_ptr<sys::Stream> connect(const sys::Endpoint& to, sys::MonoTime) override;
    std::unique_ptr<sys::Listener> listen(const sys::Endpoint& at) override;

  private:
    struct Queue {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<std::unique_ptr<sys::Stream>> arrived;
        bool closed = false;
    };
    class MemoryListener;

    const std::size_t buffer_bytes_;
    std::mutex mutex_;
    std::map<std::uint16_t, std::shared_ptr<Queue>> listening_;
    std::uint16_t last_port_ = 1000;
};

class MemoryNetwork::MemoryListener : public sys::Listener {
  public:
    MemoryListener(std::shared_ptr<Queue> queue, std::uint16_t port)
        : queue_(std::move(queue)), port_(port) {}
    std::unique_ptr<sys::Stream> accept() override {
        std::unique_lock lock(queue_->mutex);
        queue_->changed.wait(lock, [&] { return queue_->closed || !queue_->arrived.empty(); });
        if (queue_->closed) fail(Code::stopped, "the listener was closed");
        auto stream = std::move(queue_->arrived.front());
        queue_->arrived.pop_front();
        return stream;
    }
    std::uint16_t port() const override { return port_; }
    void close() override {
        const std::lock_guard lock(queue_->mutex);
        queue_->closed = true;
        queue_->arrived.clear();
        queue_->changed.notify_all();
    }

  private:
    std::shared_ptr<Queue> queue_;
    std::uint16_t port_;
};

inline std::unique_ptr<sys::Listener> MemoryNetwork::listen(const sys::Endpoint& at) {
    const std::lock_guard lock(mutex_);
    const std::uint16_t port = at.port != 0 ? at.port : ++last_port_;
    listening_[port] = std::make_shared<Queue>();
    return std::make_unique<MemoryListener>(listening_[port], port);
}

inline std::unique_ptr<sys::Stream> MemoryNetwork::connect(const sys::Endpoint& to, sys::MonoTime) {
    std::shared_ptr<Queue> queue;
    {
        const std::lock_guard lock(mutex_);
        queue = listening_[to.port];
    }
    auto forth = std::make_shared<MemoryPipe>(buffer_bytes_);
    auto back = std::make_shared<MemoryPipe>(buffer_bytes_);
    if (!queue) fail(Code::unavailable, "nobody listens at {}", to.text());
    const std::lock_guard lock(queue->mutex);
    if (queue->closed) fail(Code::unavailable, "nobody listens at {}", to.text());
    queue->arrived.push_back(std::make_unique<MemoryStream>(forth, back));
    queue->changed.notify_all();
    return std::make_unique<MemoryStream>(back, forth);
}

}  // namespace reviver::wire
