// What the tests of the server begin with: a certificate for 127.0.0.1, an account, and options
// that name them and leave the port open.
#pragma once

#include "server/accounts.h"
#include "server/https_server.h"
#include "server/test_tls.h"

#include <csignal>
#include <filesystem>

namespace reviver::server {

class TestSite {
  public:
    TestSite() {
        std::signal(SIGPIPE, SIG_IGN);
        options.port = 0;
        options.certificate_file = directory / "cert.pem";
        options.key_file = directory / "key.pem";
        write_certificate(options.certificate_file, options.key_file, "IP:127.0.0.1");
        write_accounts(accounts, {{"admin", quick_hash(), {cim::Role::administrator}}});
    }

    // Of "secret", at the least cost: the time that a check takes is not what is tested.
    static PasswordHash quick_hash() {
        return PasswordHash::parse("scrypt$2$8$1$00112233$2fce570026ed9ab421d1572a0c3048b4");
    }
    // admin:secret
    static std::string login() { return "Authorization: Basic YWRtaW46c2VjcmV0\r\n"; }

    const TestDirectory directory;
    const std::filesystem::path accounts = directory / "accounts";
    HttpsOptions options;
};

}  // namespace reviver::server
