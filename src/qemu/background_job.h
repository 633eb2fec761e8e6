// QEMU's background jobs, as those see them who start them over QMP themselves: such a job is
// neither finalized nor dismissed by QEMU, so that the moment before its end can be used.
//
// Commands and states: QEMU's QMP reference, "Background jobs". Errors and threads: as in qmp.h.
#pragma once

#include "qemu/qmp.h"

#include <cstdint>
#include <optional>
#include <string>

namespace reviver::qemu {

struct BackgroundJob {
    std::string id;
    std::uint64_t done = 0;  // in the unit of `total`; both may grow
    std::uint64_t total = 0;
    bool pending = false;    // all work is done, and waits to be made final or cancelled
    bool concluded = false;  // over, and waits to be dismissed
    std::string error;       // of a concluded one: why it failed, empty if it did not
};

std::optional<BackgroundJob> background_job(const Qmp& qmp, const std::string& id);

// Begins to copy into `node` what the images between it and the node `base` hold.
void start_stream(const Qmp& qmp, const std::string& id, const std::string& node,
                  const std::string& base);
// What was copied stays; which image builds on which is as before the start.
void cancel_job(const Qmp& qmp, const std::string& id);
void dismiss_job(const Qmp& qmp, const std::string& id);

// Everything that was written to `node` is on stable storage, its tables included.
void flush_node(const Qmp& qmp, const std::string& node);

}  // namespace reviver::qemu
