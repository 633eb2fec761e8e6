// Where the parts of a site are that `reviver init` made. A configuration written by hand may put
// them elsewhere; Config says where they are for a running daemon.
//
//   DIR/reviver.toml        the configuration
//   DIR/keys/               what proves who this site is: to its peer, and to its administrators
//   DIR/accounts            who may administer it (scrypt hashes)
//   DIR/admin.password      the generated password of the first administrator
//   DIR/data/               state and replicas
//   DIR/libvirt/            the root of the embedded libvirt driver
#pragma once

#include <filesystem>

namespace reviver::site {

inline constexpr const char* first_administrator = "admin";

struct Layout {
    std::filesystem::path directory;

    std::filesystem::path config() const { return directory / "reviver.toml"; }
    std::filesystem::path keys() const { return directory / "keys"; }
    std::filesystem::path peer_key() const { return keys() / "peer.key"; }
    std::filesystem::path peer_certificate() const { return keys() / "peer.crt"; }
    std::filesystem::path management_key() const { return keys() / "management.key"; }
    std::filesystem::path management_certificate() const { return keys() / "management.crt"; }
    std::filesystem::path accounts() const { return directory / "accounts"; }
    std::filesystem::path admin_password() const { return directory / "admin.password"; }
    std::filesystem::path data() const { return directory / "data"; }
    std::filesystem::path libvirt() const { return directory / "libvirt"; }
};

}  // namespace reviver::site
