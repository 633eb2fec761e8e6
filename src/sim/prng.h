// The one source of chance in a simulation: everything that happens follows from its seed.
// SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace reviver::sim {

class Prng {
  public:
    explicit Prng(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next();
    std::uint64_t below(std::uint64_t limit);                        // limit > 0
    std::uint64_t between(std::uint64_t first, std::uint64_t last);  // both included
    bool one_in(std::uint64_t n);                                    // 0: never
    void fill(ByteSpan to);
    // Another sequence, independent of how much is drawn from this one later.
    Prng fork() { return Prng(next()); }

  private:
    std::uint64_t state_;
};

}  // namespace reviver::sim
