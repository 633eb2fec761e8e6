// From the engine's errors to the return values of the services' methods, as their ValueMaps name
// them.
#pragma once

#include "base/error.h"

#include <cstdint>

namespace reviver::provider {

constexpr std::uint32_t completed = 0;
constexpr std::uint32_t job_started = 4096;

std::uint32_t return_value_of(Code code);

}  // namespace reviver::provider
