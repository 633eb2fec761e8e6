// Runs an operation and waits for it no longer than its caller wants to. An operation that takes
// longer runs on, because stopping it halfway could leave half of its work; its result is dropped.
#pragma once

#include "server/http_message.h"

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace reviver::server {

class TimedOperations {
  public:
    TimedOperations();
    ~TimedOperations();  // waits for all that still run

    // What the operation returned or threw. SoapFault TimedOut after `time_max`, QuotaLimit when
    // too many run on unattended. What the operation uses must live until it ends.
    HttpReply run(std::chrono::milliseconds time_max, std::function<HttpReply()> operation);

  private:
    struct Slow;

    void join_finished();

    std::mutex mutex_;
    std::list<std::unique_ptr<Slow>> slow_;
};

}  // namespace reviver::server
