// How many pthread mutexes (std::mutex) the calling thread holds. In the simulator all tasks share
// one thread: a task that is put aside with a mutex held would make the next one that wants it wait
// for ever. On Linux the same code would only be slow, so this is the place where it is found.
#pragma once

namespace reviver::sim {

int held_mutexes();

}  // namespace reviver::sim
