// Starts programs that end when we do, however we end. Private to the folder.
#pragma once

#include "qemu/process.h"

#include <sys/types.h>

namespace reviver::qemu {

// What becomes the program's descriptors 1, 2 and 3; -1 for /dev/null, and for no descriptor 3.
struct Descriptors {
    int output = -1;
    int errors = -1;
    int given = -1;
};

// A child of ours, with no signal blocked or ignored and no descriptor but these and an empty
// stdin. The kernel kills it when this process is gone, killed or not; the thread that calls may
// end before. What the program starts itself, a daemon that it leaves behind, is not killed.
pid_t spawn(const Command& command, const Descriptors& descriptors);

}  // namespace reviver::qemu
