#include "sys/linux.h"

namespace reviver::sys {

World& linux_world() {
    static World world{linux_clock(), linux_random(), linux_tasks(), linux_files(),
                       linux_network()};
    return world;
}

}  // namespace reviver::sys
