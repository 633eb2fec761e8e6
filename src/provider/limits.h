// Times of this folder, in one place.
#pragma once

#include <chrono>

namespace reviver::provider::limits {

// How often all collections and jobs are looked at for what nobody noted.
constexpr std::chrono::seconds look_interval{5};
// Between two looks at what was noted: a job that tells each block is not looked at as often.
constexpr std::chrono::milliseconds look_pause{100};

}  // namespace reviver::provider::limits
