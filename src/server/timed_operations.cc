#include "server/timed_operations.h"

#include "server/limits.h"
#include "server/soap_fault.h"

#include <future>
#include <thread>

namespace reviver::server {

struct TimedOperations::Slow {
    std::thread thread;
    std::future<HttpReply> result;

    bool finished() const {
        return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
};

TimedOperations::TimedOperations() = default;

TimedOperations::~TimedOperations() {
    for (const auto& one : slow_) one->thread.join();
}

HttpReply TimedOperations::run(std::chrono::milliseconds time_max,
                               std::function<HttpReply()> operation) {
    join_finished();
    auto started = std::make_unique<Slow>();
    std::packaged_task<HttpReply()> task(std::move(operation));
    started->result = task.get_future();
    started->thread = std::thread(std::move(task));
    if (started->result.wait_for(time_max) == std::future_status::ready) {
        started->thread.join();
        return started->result.get();
    }
    const std::lock_guard lock(mutex_);
    slow_.push_back(std::move(started));
    throw SoapFault(FaultFamily::wsman, "TimedOut",
                    "The operation takes longer than the request allows. It goes on.");
}

void TimedOperations::join_finished() {
    const std::lock_guard lock(mutex_);
    std::erase_if(slow_, [](const auto& one) {
        if (!one->finished()) return false;
        one->thread.join();
        return true;
    });
    if (slow_.size() >= limits::slow_operations_max) {
        throw SoapFault(FaultFamily::wsman, "QuotaLimit", "The server is busy. Try again later.");
    }
}

}  // namespace reviver::server
