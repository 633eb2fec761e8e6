// What a person does with an exported copy: carries it from one site to the other. It lies in the
// same directory at both; the copying takes no time, is durable, and knows nothing of Reviver.
#pragma once

#include "sim/disk.h"

namespace reviver::sim {

inline constexpr const char* medium_directory = "/medium";

// The directory is there afterwards, empty.
void wipe_medium(Disk& disk);
// What lies there at `to` is lost. Code::no_space when it does not fit.
void carry_medium(Disk& from, Disk& to);

}  // namespace reviver::sim
