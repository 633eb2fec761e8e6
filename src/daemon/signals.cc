#include "daemon/signals.h"

#include "base/check.h"

#include <csignal>

namespace reviver::daemon {
namespace {

sigset_t steering() {
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    return set;
}

}  // namespace

Signals::Signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t set = steering();
    REVIVER_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

Steer Signals::next() {
    sigset_t set = steering();
    int number = 0;
    REVIVER_CHECK(sigwait(&set, &number) == 0);
    return number == SIGHUP ? Steer::reload : Steer::stop;
}

}  // namespace reviver::daemon
