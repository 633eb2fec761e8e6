// Bytes and the two byte orders. Formats from outside (qcow2, NBD) are big-endian; our own are
// little-endian.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reviver {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using ByteSpan = std::span<std::byte>;

inline ByteView bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <std::unsigned_integral T>
constexpr T swap_bytes(T value) {
    T result = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        result = static_cast<T>(result << 8 | (value & 0xff));
        value = static_cast<T>(value >> 8);
    }
    return result;
}

template <std::unsigned_integral T>
T load_le(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return std::endian::native == std::endian::little ? value : swap_bytes(value);
}
template <std::unsigned_integral T>
T load_be(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return std::endian::native == std::endian::big ? value : swap_bytes(value);
}
template <std::unsigned_integral T>
void store_le(std::byte* to, T value) {
    if constexpr (std::endian::native == std::endian::big) value = swap_bytes(value);
    std::memcpy(to, &value, sizeof(T));
}
template <std::unsigned_integral T>
void store_be(std::byte* to, T value) {
    if constexpr (std::endian::native == std::endian::little) value = swap_bytes(value);
    std::memcpy(to, &value, sizeof(T));
}

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t unit) {
    return value / unit * unit;
}
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

bool all_zero(ByteView bytes);
std::string to_hex(ByteView bytes);  // lower case, no separators

// At most so many bytes of a UTF-8 text, cut between two characters: for messages that repeat what
// somebody else wrote.
inline std::string_view beginning_of(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80)
        --bytes_max;
    return text.substr(0, bytes_max);
}

}  // namespace reviver
