// The one door to everything that is not determined: time, randomness, threads, files and sockets.
// `linux_world()` is the real one; the simulator (src/sim) gives each simulated site its own, all
// in one thread, from one seed. Code of wire, store, state and replication reaches the outside
// through a World alone.
#pragma once

#include "sys/clock.h"
#include "sys/files.h"
#include "sys/network.h"
#include "sys/random.h"
#include "sys/tasks.h"

namespace reviver::sys {

struct World {
    Clock& clock;
    Random& random;
    Tasks& tasks;
    Files& files;
    Network& network;
};

World& linux_world();

}  // namespace reviver::sys
