// The signals that steer the daemon, taken one at a time by the main thread.
#pragma once

namespace reviver::daemon {

enum class Steer {
    stop,    // SIGTERM, SIGINT
    reload,  // SIGHUP
};

// From construction on those signals are blocked in this thread and in every thread it starts, and
// wait for next(). SIGPIPE is ignored: a write to a closed connection is an error like others.
// Made before any thread is.
class Signals {
  public:
    Signals();
    Steer next();  // waits
};

}  // namespace reviver::daemon
