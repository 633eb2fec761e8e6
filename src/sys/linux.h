// The Linux side of each interface of this folder; linux_world() puts them together. All are
// stateless, live as long as the process and may be used by any thread.
#pragma once

#include "sys/world.h"

namespace reviver::sys {

Clock& linux_clock();    // CLOCK_REALTIME, CLOCK_MONOTONIC
Random& linux_random();  // getrandom(2)
Tasks& linux_tasks();    // threads
Files& linux_files();    // new files get mode 0600: they hold what guests wrote
Network&
linux_network();  // TCP over IPv4 and IPv6; an empty host to listen at is every address of both

}  // namespace reviver::sys
