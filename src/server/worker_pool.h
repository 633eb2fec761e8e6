// Threads that run requests, and a bounded queue of those that wait for one. Waiting for room would
// let one slow client stop everybody, so a full queue refuses.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace reviver::server {

class WorkerPool {
  public:
    using Task = std::function<void()>;  // throws nothing

    WorkerPool(std::size_t threads, std::size_t queued_max);
    ~WorkerPool();  // stop()

    bool submit(Task task);  // false: the queue is full, or the pool stops
    void stop();             // drops what waits, returns when nothing runs any more

  private:
    void run();

    const std::size_t queued_max_;
    std::mutex mutex_;
    std::condition_variable work_to_do_;
    std::deque<Task> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace reviver::server
