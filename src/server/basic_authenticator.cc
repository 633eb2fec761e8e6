#include "server/basic_authenticator.h"

#include "base/log.h"
#include "server/account_file.h"
#include "server/limits.h"
#include "server/login_failures.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <map>
#include <mutex>

namespace reviver::server {

namespace {

using Clock = std::chrono::steady_clock;
using Digest = std::array<unsigned char, 32>;

struct Credentials {
    std::string name;
    std::string password;
};

std::optional<Credentials> credentials_in(std::string_view authorization) {
    const auto space = std::min(authorization.find(' '), authorization.size());
    const auto decoded = decode_base64(cim::trim(authorization.substr(space)), 4096);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    return Credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

// Logins that were good a moment ago.
class RememberedLogins {
  public:
    RememberedLogins() { RAND_bytes(key_.data(), static_cast<int>(key_.size())); }

    Digest digest(const Credentials& credentials, const Account& account) const {
        const std::string text =
            credentials.name + '\0' + account.password->text() + '\0' + credentials.password;
        Digest result{};
        unsigned length = result.size();
        HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), result.data(),
             &length);
        return result;
    }

    bool knows(const Digest& digest) {
        const std::lock_guard lock(mutex_);
        const auto found = good_until_.find(digest);
        return found != good_until_.end() && found->second > Clock::now();
    }

    void remember(const Digest& digest) {
        const std::lock_guard lock(mutex_);
        const auto now = Clock::now();
        if (good_until_.size() >= limits::remembered_logins_max) {
            std::erase_if(good_until_, [&](const auto& one) { return one.second <= now; });
        }
        if (good_until_.size() >= limits::remembered_logins_max) good_until_.clear();
        good_until_[digest] = now + limits::remembered_login_time;
    }

  private:
    Digest key_{};
    std::mutex mutex_;
    std::map<Digest, Clock::time_point> good_until_;
};

}  // namespace

class BasicAuthenticator::State {
  public:
    explicit State(std::shared_ptr<AccountFile> accounts)
        : accounts_(std::move(accounts)), decoy_(PasswordHash::of(random_password())) {}

    Authentication check(const Credentials& credentials, const std::string& peer_address) {
        if (failures_.turned_away(peer_address, credentials.name, Clock::now())) {
            return refused_login(credentials.name, "too many wrong passwords, has to wait");
        }
        const std::optional<Account> account = accounts_->find(credentials.name);
        if (!account || !account->password) {
            decoy_.matches(credentials.password);
            return refuse(credentials, peer_address);
        }
        const Digest digest = logins_.digest(credentials, *account);
        if (!logins_.knows(digest)) {
            if (!account->password->matches(credentials.password)) {
                return refuse(credentials, peer_address);
            }
            logins_.remember(digest);
            failures_.succeeded(peer_address, credentials.name);
        }
        return accepted_login(cim::Principal(account->name, account->roles));
    }

  private:
    Authentication refuse(const Credentials& credentials, const std::string& peer_address) {
        failures_.failed(peer_address, credentials.name, Clock::now());
        log_warning("refused a login as \"{}\" from {}",
                    credentials.name.substr(0, limits::account_name_chars_max), peer_address);
        return refused_login(credentials.name, "no such account, or another password");
    }

    std::shared_ptr<AccountFile> accounts_;
    RememberedLogins logins_;
    LoginFailures failures_;
    PasswordHash decoy_;  // checked in place of an account that does not exist
};

BasicAuthenticator::BasicAuthenticator(std::shared_ptr<AccountFile> accounts, bool without_tls)
    : state_(std::make_unique<State>(std::move(accounts))), without_tls_(without_tls) {}

BasicAuthenticator::BasicAuthenticator(std::filesystem::path accounts)
    : BasicAuthenticator(std::make_shared<AccountFile>(std::move(accounts))) {}

BasicAuthenticator::~BasicAuthenticator() = default;

Authentication BasicAuthenticator::authenticate(const HttpRequest& header, Connection& connection) {
    const std::string_view authorization = header.field("Authorization");
    if (scheme_of(authorization) != "basic") return {};
    const auto credentials = credentials_in(authorization);
    if (!credentials) return refused_login("?", "Basic credentials that cannot be read");
    if (challenge(connection).empty()) {
        return refused_login(credentials->name, "a password that everybody on the way could read");
    }
    try {
        return state_->check(*credentials, header.peer_address);
    } catch (const Error& error) {
        log_error("cannot check a password: {}", error.what());
        return refused_login(credentials->name, "the password could not be checked");
    }
}

std::string BasicAuthenticator::challenge(const Connection& connection) const {
    return connection.tls || without_tls_ ? "Basic realm=\"WSMAN\"" : "";
}

}  // namespace reviver::server
