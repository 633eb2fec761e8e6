#include "witness/record.h"

#include <array>
#include <cstring>

namespace reviver::witness {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82f63b78u : 0);
        table[i] = value;
    }
    return table;
}
constexpr auto kCrcTable = crc_table();

}  // namespace

std::uint32_t crc32c(const void* bytes, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    std::uint32_t value = 0xffffffffu;
    for (std::size_t i = 0; i < size; ++i) {
        value = kCrcTable[(value ^ at[i]) & 0xff] ^ (value >> 8);
    }
    return ~value;
}

// The finalizer of splitmix64.
std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

void fill(Record& record) {
    static_assert(sizeof(record.filling) % sizeof(std::uint64_t) == 0);
    for (std::size_t at = 0; at < sizeof(record.filling); at += sizeof(std::uint64_t)) {
        const std::uint64_t word = mix(record.nonce + at);
        std::memcpy(record.filling + at, &word, sizeof(word));
    }
}

}  // namespace reviver::witness
