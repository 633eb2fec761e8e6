// Two kinds of check values. XXH3 finds accidents (a flipped bit, a torn write); it is no
// protection against somebody who chooses the data. Sha256 is: guests choose their data, so "equal
// hash means equal block" needs a cryptographic one.
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstdint>
#include <memory>

namespace reviver {

std::uint64_t xxh3(ByteView bytes);

// A running XXH3 over what was added so far.
class Xxh3 {
  public:
    Xxh3();
    ~Xxh3();
    Xxh3(Xxh3&&) noexcept;
    Xxh3& operator=(Xxh3&&) noexcept;
    void add(ByteView bytes);
    std::uint64_t value() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

using Hash = std::array<std::byte, 32>;
Hash sha256(ByteView bytes);

}  // namespace reviver
