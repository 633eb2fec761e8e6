#include "base/error.h"
#include "base/log.h"
#include "sys/linux.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace reviver::sys {

namespace {

void run_logged(const std::string& name, const std::function<void()>& work) {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    try {
        work();
    } catch (const Error& e) {
        if (reaction_to(e.code()) == Reaction::stop) {
            log_debug("{}: {}", name, e.what());
        } else {
            log_error("{}: {}", name, e.what());
        }
    }
}

class LinuxTask : public Task {
  public:
    LinuxTask(std::string name, std::function<void()> work)
        : thread_([name = std::move(name), work = std::move(work)] { run_logged(name, work); }) {}
    ~LinuxTask() override { LinuxTask::join(); }
    void join() override {
        if (thread_.joinable()) thread_.join();
    }

  private:
    std::thread thread_;
};

class LinuxSignal : public Signal {
  public:
    void raise() override {
        // Told with the lock held: a waiter may destroy the signal as soon as its wait returns.
        std::lock_guard lock(mutex_);
        raised_ = true;
        changed_.notify_one();
    }

    bool wait_until(MonoTime deadline) override {
        std::unique_lock lock(mutex_);
        while (!raised_) {
            const MonoTime now = linux_clock().mono();
            if (now >= deadline) return false;
            changed_.wait_for(lock, std::min<Duration>(deadline - now, std::chrono::hours(24)));
        }
        raised_ = false;
        return true;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool raised_ = false;
};

class LinuxTasks : public Tasks {
  public:
    std::unique_ptr<Task> start(std::string name, std::function<void()> work) override {
        return std::make_unique<LinuxTask>(std::move(name), std::move(work));
    }
    std::unique_ptr<Signal> make_signal() override { return std::make_unique<LinuxSignal>(); }
};

}  // namespace

Tasks& linux_tasks() {
    static LinuxTasks tasks;
    return tasks;
}

}  // namespace reviver::sys
