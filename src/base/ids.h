// Identities are types: a VmId cannot be passed where a CollectionId is meant. The text form of a
// Uuid is the usual 36 characters in lower case; parsing takes either case and optional braces.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace reviver {

class Uuid {
  public:
    Uuid() = default;  // all zero: "none"
    explicit Uuid(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

    static std::optional<Uuid> parse(std::string_view text);
    // From 16 random bytes: sets version 4 and the variant.
    static Uuid from_random(std::array<std::uint8_t, 16> bytes);

    std::string text() const;
    bool is_none() const { return *this == Uuid(); }
    const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    auto operator<=>(const Uuid&) const = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

// An identity of the kind that Tag names.
template <class Tag>
class Id {
  public:
    Id() = default;
    explicit Id(Uuid uuid) : uuid_(uuid) {}
    static std::optional<Id> parse(std::string_view text) {
        if (auto uuid = Uuid::parse(text)) return Id(*uuid);
        return std::nullopt;
    }
    const Uuid& uuid() const { return uuid_; }
    std::string text() const { return uuid_.text(); }
    bool is_none() const { return uuid_.is_none(); }
    auto operator<=>(const Id&) const = default;

  private:
    Uuid uuid_;
};

// A number of the kind that Tag names: ordered, but not mixed with other numbers.
template <class Tag>
struct Number {
    std::uint64_t value = 0;
    auto operator<=>(const Number&) const = default;
    Number next() const { return {value + 1}; }
};

}  // namespace reviver

template <class Tag>
struct std::hash<reviver::Id<Tag>> {
    std::size_t operator()(const reviver::Id<Tag>& id) const {
        std::size_t h = 0;
        for (auto b : id.uuid().bytes()) h = h * 131 + b;
        return h;
    }
};
