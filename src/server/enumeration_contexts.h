// Enumerations between their pulls. A context is a snapshot, taken when the enumeration began: what
// changes later is not seen, so nothing comes twice and nothing is left out. It belongs to one
// user, has a name that cannot be guessed, and is forgotten when nobody pulls for a while.
#pragma once

#include "server/limits.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace reviver::server {

struct Enumeration {
    std::size_t size = 0;
    std::size_t next = 0;                                // those before it were delivered
    std::function<std::string(std::size_t index)> item;  // as finished XML
    std::string kind = {};                               // of items, where a protocol has several

    bool at_end() const { return next >= size; }
};

// The next items, as many as are wanted and fit into `bytes_max`. SoapFault EncodingLimit when not
// even one fits.
std::string take_items(Enumeration& enumeration, std::size_t count, std::size_t bytes_max);

// Threads: any. Errors: SoapFault InvalidEnumerationContext, Concurrency, QuotaLimit.
class EnumerationContexts {
  public:
    EnumerationContexts(std::chrono::milliseconds idle_time_max, std::size_t per_user_max)
        : idle_time_max_(idle_time_max), per_user_max_(per_user_max) {}

    std::string keep(const std::string& owner, Enumeration enumeration);
    // The caller has it alone until it gives it back or lets it go. Somebody else's context does
    // not exist.
    std::shared_ptr<Enumeration> take(const std::string& name, const std::string& owner);
    void give_back(const std::string& name);
    void let_go(const std::string& name);

  private:
    struct Context {
        std::string owner;
        std::shared_ptr<Enumeration> enumeration;
        std::chrono::steady_clock::time_point until;
        bool taken = false;
    };

    void forget_expired();

    const std::chrono::milliseconds idle_time_max_;
    const std::size_t per_user_max_;
    std::mutex mutex_;
    std::map<std::string, Context> contexts_;
};

}  // namespace reviver::server
