// Randomness: for identities and jitter. On Linux from getrandom(2), fit for secrets.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"

#include <cstdint>

namespace reviver::sys {

class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(ByteSpan to) = 0;

    std::uint64_t below(std::uint64_t limit);  // 0 <= result < limit; limit > 0
    Uuid uuid();
};

}  // namespace reviver::sys
