// Waiting for the jobs that methods start.
#pragma once

#include "cli/console.h"
#include "cli/remote_site.h"

#include <chrono>
#include <optional>
#include <string>

namespace reviver::cli {

// Polls until the job has ended, showing its progress under `title`. Error(failed) with the job's
// own description when it did not succeed, Error(timeout) when it is still at it after `patience`;
// the job then goes on. A door that does not answer for a moment (the daemon is restarted) is asked
// again: jobs live through that.
Job wait_for_job(RemoteSite& site, const cim::ObjectPath& job, const std::string& title,
                 std::optional<std::chrono::seconds> patience, const Console& console);

}  // namespace reviver::cli
