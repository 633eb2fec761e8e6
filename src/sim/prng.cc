#include "sim/prng.h"

#include "base/check.h"

#include <algorithm>

namespace reviver::sim {

std::uint64_t Prng::next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

std::uint64_t Prng::below(std::uint64_t limit) {
    REVIVER_CHECK(limit > 0);
    return next() % limit;
}

std::uint64_t Prng::between(std::uint64_t first, std::uint64_t last) {
    return first + below(last - first + 1);
}

bool Prng::one_in(std::uint64_t n) {
    return n != 0 && below(n) == 0;
}

void Prng::fill(ByteSpan to) {
    while (!to.empty()) {
        const std::uint64_t value = next();
        const std::size_t count = std::min(to.size(), sizeof value);
        std::memcpy(to.data(), &value, count);
        to = to.subspan(count);
    }
}

}  // namespace reviver::sim
