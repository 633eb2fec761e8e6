// What is kept of who asked for what and how it ended. The object manager tells it of every call of
// a method that may change something, and of every one that is refused before anything is done,
// whichever door it came through; who lets people in tells it of those that were not.
//
// Threads: called from several at once.
#pragma once

#include "cim/cim_error.h"
#include "cim/object_path.h"
#include "cim/provider.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::cim {

struct Ending {
    std::optional<std::uint32_t> return_value;  // none: it failed, as `status`
    std::optional<Status> status;
    std::string job;  // the path of the job that goes on; empty: none
};

class AuditTrail {
  public:
    virtual ~AuditTrail() = default;
    // He may not call it, or there is nothing to call: no such class, method or object. Nothing is
    // done, so this stops nothing.
    virtual void refused(const Principal& who, const ObjectPath& object, std::string_view method,
                         Status status) noexcept = 0;
    // Before anything is done; kept when it returns. Throws Error when it cannot be kept: then
    // nothing may be done.
    virtual std::uint64_t asked(const Principal& who, const ObjectPath& object,
                                std::string_view method) = 0;
    // How it ended, kept when it returns. What was done cannot be undone for want of room to say
    // so: throws nothing.
    virtual void answered(std::uint64_t call, const Ending& ending) noexcept = 0;
    // Somebody said who he was and did not prove it. `as` is what he said, unchecked.
    virtual void turned_away(const Origin& origin, std::string_view as,
                             std::string_view why) noexcept = 0;
};

}  // namespace reviver::cim
