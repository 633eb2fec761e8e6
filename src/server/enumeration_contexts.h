// Enumerations between their pulls. A context is a snapshot, taken when the enumeration began: what
// changes later is not seen, so nothing comes twice and nothing is left out. It belongs to one
// user, has a name that cannot be guessed, and is forgotten when nobody pulls for a while.
#pragma once

#include "cim/object_manager.h"
#include "cim/ws_values.h"
#include "server/limits.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reviver::server {

enum class EnumerationMode : std::uint8_t { objects, references, objects_and_references };

struct Enumeration {
    std::vector<cim::Found> items;
    std::size_t next = 0;  // of items; those before it were delivered
    EnumerationMode mode = EnumerationMode::objects;
    cim::ws::ValueStyle style;

    bool at_end() const { return next >= items.size(); }
};

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
