// Who stands at an end of a connection. A site is known by the SHA-256 fingerprint of its
// certificate: two people compare it once, when the sites are paired, and from then on nothing else
// is trusted. Names and ids are only labels on top.
#pragma once

#include "base/checksum.h"
#include "model/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::wire {

class Fingerprint {
  public:
    Fingerprint() = default;  // all zero: matches no certificate
    explicit Fingerprint(const Hash& hash) : hash_(hash) {}

    // "AB:CD:...", as openssl prints it; parsing takes either case, with or without colons and
    // blanks around.
    std::string text() const;
    static std::optional<Fingerprint> parse(std::string_view text);

    const Hash& hash() const { return hash_; }
    auto operator<=>(const Fingerprint&) const = default;

  private:
    Hash hash_{};
};

// What we say of ourselves in the hello.
struct Site {
    SiteId id;
    std::string name;     // for people; at most name_bytes_max
    std::string product;  // version of this build, "0.1.0"
};

// The other end, after both greeted: the fingerprint is proved, the rest is what the directory and
// the peer say.
struct Peer {
    SiteId id;
    std::string name;
    std::string product;
    Fingerprint fingerprint;
    std::uint32_t protocol = 0;      // the version both speak
    std::uint64_t window_bytes = 0;  // how much it takes unacknowledged
};

}  // namespace reviver::wire
