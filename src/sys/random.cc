#include "sys/random.h"

#include "base/check.h"

namespace reviver::sys {

std::uint64_t Random::below(std::uint64_t limit) {
    REVIVER_CHECK(limit > 0);
    // Values from the last, incomplete run of `limit` are drawn again: they would favour small
    // results.
    const std::uint64_t incomplete = (0 - limit) % limit;
    std::uint64_t value = 0;
    do {
        fill(std::as_writable_bytes(std::span(&value, 1)));
    } while (value < incomplete);
    return value % limit;
}

Uuid Random::uuid() {
    std::array<std::uint8_t, 16> bytes{};
    fill(std::as_writable_bytes(std::span(bytes)));
    return Uuid::from_random(bytes);
}

}  // namespace reviver::sys
