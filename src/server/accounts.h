// The accounts file: who may come in, by which password or certificate, as what.
//
//   user:scrypt$N$r$p$salt$hash:role[,role][:proof[,proof]]
//
// N, r, p decimal; salt and hash in hex; "-" in their place: no password is right. A proof is
// certificate=SHA256 of a client certificate as DER, 64 hex digits, or cn=COMMON NAME of one that
// the CA of the management door signed. A user of Kerberos is named as his principal, user@REALM.
// "#" begins a comment line.
//
// The file is replaced as a whole by rename, so that a reader sees the old or the new one.
// Passwords are never kept.
#pragma once

#include "cim/provider.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::server {

struct PasswordHash {
    std::uint64_t cost = 1u << 15;  // N, a power of two
    std::uint32_t block_size = 8;   // r
    std::uint32_t parallel = 1;     // p
    std::string salt;               // bytes
    std::string hash;               // bytes

    static PasswordHash of(std::string_view password);  // with a fresh random salt
    bool matches(std::string_view password)
        const;  // takes about 80 ms and 32 MiB, and the same time whatever the result
    std::string text() const;
    static PasswordHash parse(std::string_view text);  // Error(corrupt)
};

struct Account {
    std::string name;
    std::optional<PasswordHash> password;
    std::set<cim::Role> roles;
    std::vector<std::string> proofs = {};  // "certificate=...", "cn=..."
};

std::string certificate_proof(std::string_view fingerprint);  // 64 hex digits, of either case
std::string common_name_proof(std::string_view common_name);

std::string random_password();  // 24 characters that can be typed

// All of the file, or Error(corrupt) with the line. A missing file is Error(not_found).
std::vector<Account> read_accounts(const std::filesystem::path& file);
// Mode 0600, atomically. Error(invalid_parameter) for names and proofs that would not come back.
void write_accounts(const std::filesystem::path& file, const std::vector<Account>& accounts);
// Adds the account, or replaces the one of that name.
void put_account(const std::filesystem::path& file, const Account& account);
void remove_account(const std::filesystem::path& file, std::string_view name);  // Error(not_found)

}  // namespace reviver::server
