// Writes beside the records, for measurements: 4 KiB of random data at random places of the upper
// half of each disk.
#pragma once

#include "witness/guest/boot.h"

namespace reviver::witness {

// Starts a process that writes for ever; nothing when the settings ask for no load.
void start_load(const Settings& settings);

}  // namespace reviver::witness
