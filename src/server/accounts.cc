#include "server/accounts.h"

#include "base/bytes.h"
#include "base/error.h"
#include "server/limits.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>

namespace reviver::server {

namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr std::string_view no_password = "-";
constexpr std::string_view certificate_prefix = "certificate=";
constexpr std::string_view common_name_prefix = "cn=";

// What a file may ask for: a wrong number in it must not stop the machine.
constexpr std::uint64_t cost_max = 1u << 20;
constexpr std::uint32_t block_size_max = 16;
constexpr std::uint32_t parallel_max = 16;
constexpr std::uint64_t memory_bytes_max = 1u << 30;

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
        fail(Code::failed, "the system gives no random numbers");
    }
    return bytes;
}

std::string scrypt(std::string_view password, const PasswordHash& with, std::size_t bytes) {
    std::string result(bytes, '\0');
    const int done = EVP_PBE_scrypt(
        password.data(), password.size(), reinterpret_cast<const unsigned char*>(with.salt.data()),
        with.salt.size(), with.cost, with.block_size, with.parallel, memory_bytes_max,
        reinterpret_cast<unsigned char*>(result.data()), bytes);
    if (done != 1) fail(Code::out_of_memory, "the password cannot be checked: not enough memory");
    return result;
}

[[noreturn]] void bad_hash() {
    fail(Code::corrupt, "this is no scrypt$N$r$p$salt$hash");
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::uint64_t parse_number(std::string_view text, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > most) {
        bad_hash();
    }
    return value;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    bad_hash();
}

std::string from_hex(std::string_view text) {
    if (text.size() % 2 != 0 || text.empty() || text.size() > 128) bad_hash();
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        bytes += static_cast<char>(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
    }
    return bytes;
}

void check_name(std::string_view name) {
    const bool clean = std::none_of(name.begin(), name.end(), [](unsigned char c) {
        return c == ':' || c < 0x21 || c == 0x7f;
    });
    if (name.empty() || name.size() > limits::account_name_chars_max || !clean ||
        name.starts_with('#')) {
        fail(Code::invalid_parameter,
             "\"{}\" is no account name: use up to {} characters without spaces and colons", name,
             limits::account_name_chars_max);
    }
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void check_proof(std::string_view proof) {
    const bool printable = std::none_of(proof.begin(), proof.end(), [](unsigned char c) {
        return c == ':' || c == ',' || c < 0x20 || c == 0x7f;
    });
    const auto value = proof.substr(std::min(proof.find('=') + 1, proof.size()));
    const bool certificate =
        proof.starts_with(certificate_prefix) && value.size() == 64 && is_hex(value);
    const bool common_name = proof.starts_with(common_name_prefix) && !value.empty() &&
                             value.size() <= limits::account_name_chars_max;
    if (printable && (certificate || common_name)) return;
    fail(Code::invalid_parameter,
         "\"{}\" is neither certificate=SHA256 in 64 hex digits nor cn=NAME without \",\" and "
         "\":\"",
         proof);
}

Account parse_account(std::string_view line) {
    const auto fields = split(line, ':');
    if (fields.size() != 3 && fields.size() != 4) {
        fail(Code::corrupt, "expected name:password:roles, and :proofs where there are some");
    }
    check_name(fields[0]);
    Account account{std::string(fields[0]), std::nullopt, {}};
    if (fields[1] != no_password) account.password = PasswordHash::parse(fields[1]);
    for (const std::string_view name : split(fields[2], ',')) {
        const auto role = cim::role_named(name);
        if (!role) {
            fail(Code::corrupt,
                 "\"{}\" is no role: viewer, operator, administrator, auditor or peer", name);
        }
        account.roles.insert(*role);
    }
    if (fields.size() == 3) return account;
    for (const std::string_view proof : split(fields[3], ',')) {
        check_proof(proof);
        account.proofs.emplace_back(proof);
    }
    return account;
}

std::string line_of(const Account& account) {
    check_name(account.name);
    std::string roles;
    for (const cim::Role role : account.roles) {
        roles += (roles.empty() ? "" : ",") + std::string(cim::name_of(role));
    }
    if (roles.empty()) fail(Code::invalid_parameter, "the account {} has no role", account.name);
    std::string proofs;
    for (const std::string& proof : account.proofs) {
        check_proof(proof);
        proofs += (proofs.empty() ? ":" : ",") + proof;
    }
    const std::string password =
        account.password ? account.password->text() : std::string(no_password);
    return account.name + ":" + password + ":" + roles + proofs + "\n";
}

void write_all(int file, std::string_view text, const std::string& name) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno != EINTR) fail_errno(errno, "writing " + name);
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file) != 0) fail_errno(errno, "writing " + name);
}

// The new text is durable before the name points to it, so a reader sees one of the two whole.
void replace_file(const std::filesystem::path& path, std::string_view text) {
    const std::string beside = path.string() + ".new";
    const int file =
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) fail_errno(errno, "creating " + beside);
    try {
        write_all(file, text, beside);
    } catch (const Error&) {
        ::close(file);
        throw;
    }
    ::close(file);
    if (::rename(beside.c_str(), path.c_str()) != 0)
        fail_errno(errno, "replacing " + path.string());
}

}  // namespace

PasswordHash PasswordHash::of(std::string_view password) {
    if (password.empty() || password.size() > limits::password_chars_max) {
        fail(Code::invalid_parameter, "a password has 1 to {} characters",
             limits::password_chars_max);
    }
    PasswordHash result;
    result.salt = random_bytes(salt_bytes);
    result.hash = scrypt(password, result, hash_bytes);
    return result;
}

bool PasswordHash::matches(std::string_view password) const {
    const std::string computed =
        scrypt(password.substr(0, limits::password_chars_max), *this, hash.size());
    const bool same = CRYPTO_memcmp(computed.data(), hash.data(), hash.size()) == 0;
    return same && password.size() <= limits::password_chars_max;
}

std::string PasswordHash::text() const {
    return fmt::format("scrypt${}${}${}${}${}", cost, block_size, parallel, to_hex(bytes_of(salt)),
                       to_hex(bytes_of(hash)));
}

PasswordHash PasswordHash::parse(std::string_view text) {
    const auto fields = split(text, '$');
    if (fields.size() != 6 || fields[0] != "scrypt") bad_hash();
    PasswordHash result;
    result.cost = parse_number(fields[1], cost_max);
    if (!std::has_single_bit(result.cost) || result.cost < 2) bad_hash();
    result.block_size = static_cast<std::uint32_t>(parse_number(fields[2], block_size_max));
    result.parallel = static_cast<std::uint32_t>(parse_number(fields[3], parallel_max));
    result.salt = from_hex(fields[4]);
    result.hash = from_hex(fields[5]);
    if (result.hash.size() < 16) bad_hash();
    return result;
}

std::string certificate_proof(std::string_view fingerprint) {
    return std::string(certificate_prefix) + cim::lower(fingerprint);
}

std::string common_name_proof(std::string_view common_name) {
    return std::string(common_name_prefix) + std::string(common_name);
}

std::string random_password() {
    constexpr std::string_view alphabet =
        "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    std::string password;
    while (password.size() < 24) {
        // Bytes beyond a multiple of the alphabet are thrown away, so that every letter is as
        // likely.
        const auto byte = static_cast<unsigned char>(random_bytes(1)[0]);
        if (byte < 256 / alphabet.size() * alphabet.size())
            password += alphabet[byte % alphabet.size()];
    }
    return password;
}

std::vector<Account> read_accounts(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) fail(Code::not_found, "there is no password file {}", file.string());
    std::vector<Account> accounts;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (line.empty() || line.starts_with('#')) continue;
        if (accounts.size() == limits::accounts_max) {
            fail(Code::out_of_memory, "{} has more than {} accounts", file.string(),
                 limits::accounts_max);
        }
        try {
            accounts.push_back(parse_account(line));
        } catch (const Error& error) {
            fail(Code::corrupt, "{}:{}: {}", file.string(), number, error.what());
        }
    }
    return accounts;
}

void write_accounts(const std::filesystem::path& file, const std::vector<Account>& accounts) {
    std::string text;
    for (const Account& account : accounts) text += line_of(account);
    replace_file(file, text);
}

void put_account(const std::filesystem::path& file, const Account& account) {
    std::vector<Account> accounts;
    if (std::filesystem::exists(file)) accounts = read_accounts(file);
    std::erase_if(accounts, [&](const Account& one) { return one.name == account.name; });
    accounts.push_back(account);
    write_accounts(file, accounts);
}

void remove_account(const std::filesystem::path& file, std::string_view name) {
    std::vector<Account> accounts = read_accounts(file);
    if (std::erase_if(accounts, [&](const Account& one) { return one.name == name; }) == 0) {
        fail(Code::not_found, "there is no account {}", name);
    }
    write_accounts(file, accounts);
}

}  // namespace reviver::server
