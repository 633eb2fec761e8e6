#include "witness/guest/power.h"

#include "witness/guest/boot.h"

#include <fcntl.h>
#include <linux/input.h>
#include <unistd.h>

namespace reviver::witness {

PowerButton::PowerButton() {
    int opened = 0;
    for (int index = 0; index < kDevicesMax; ++index) {
        char path[] = "/dev/input/event0";
        path[sizeof(path) - 2] = static_cast<char>('0' + index);
        const int device = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        devices_[static_cast<std::size_t>(index)] = device;
        if (device >= 0) ++opened;
    }
    if (opened == 0) die("no power button");
}

bool PowerButton::pressed() {
    for (const int device : devices_) {
        input_event event{};
        while (device >= 0 && read(device, &event, sizeof(event)) == ssize_t{sizeof(event)}) {
            if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1) return true;
        }
    }
    return false;
}

}  // namespace reviver::witness
