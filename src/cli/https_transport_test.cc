#include "cli/https_transport.h"

#include "base/error.h"
#include "server/accounts.h"
#include "server/basic_authenticator.h"
#include "server/https_server.h"
#include "server/test_tls.h"

#include <gtest/gtest.h>

namespace reviver::cli {
namespace {

class EchoDoor : public server::Door {
  public:
    unsigned refuse_before_body(const server::HttpRequest&) const override { return 0; }
    server::HttpReply handle(const server::HttpRequest& request,
                             const cim::Principal& who) override {
        return server::plain_reply(
            200,
            who.name() + " " + std::string(request.field("Content-Type")) + " " + request.body);
    }
};

class HttpsTransportTest : public testing::Test {
  protected:
    HttpsTransportTest() {
        server::write_certificate(directory_ / "cert.pem", directory_ / "key.pem", "IP:127.0.0.1");
        server::write_certificate(directory_ / "other.pem", directory_ / "other.key",
                                  "IP:127.0.0.1");
        // "secret" at the least cost.
        const auto quick =
            server::PasswordHash::parse("scrypt$2$8$1$00112233$2fce570026ed9ab421d1572a0c3048b4");
        server::put_account(directory_ / "accounts", {"admin", quick, {cim::Role::viewer}});
        start(0);
    }

    void start(std::uint16_t port) {
        server::HttpsOptions options;
        options.port = port;
        options.certificate_file = directory_ / "cert.pem";
        options.key_file = directory_ / "key.pem";
        server::Router router;
        router.add("/wsman", std::make_shared<EchoDoor>());
        server_ = std::make_unique<server::HttpsServer>(
            options, std::move(router),
            std::make_shared<server::BasicAuthenticator>(directory_ / "accounts"));
    }

    HttpsTransport transport(const std::string& password = "secret", const char* ca = "cert.pem") {
        return HttpsTransport("https://127.0.0.1:" + std::to_string(server_->port()) + "/wsman",
                              "admin", password, directory_ / ca, std::chrono::seconds(10));
    }
    static Code code_of(HttpsTransport& transport) {
        unsigned status = 0;
        try {
            transport.post("a/b", "x", &status);
        } catch (const Error& error) {
            return error.code();
        }
        ADD_FAILURE() << "an error was expected, not status " << status;
        return Code::failed;
    }

    server::TestDirectory directory_;
    std::unique_ptr<server::HttpsServer> server_;
};

TEST_F(HttpsTransportTest, PostsAndKeepsTheConnection) {
    HttpsTransport client = transport();
    unsigned status = 0;
    EXPECT_EQ(client.post("a/b", "hello", &status), "admin a/b hello\n");
    EXPECT_EQ(status, 200u);
    const std::string large(400'000, 'x');
    EXPECT_EQ(client.post("a/b", large, &status), "admin a/b " + large + "\n");
}

TEST_F(HttpsTransportTest, TellsAWrongPasswordByItsStatus) {
    HttpsTransport client = transport("wrong");
    unsigned status = 0;
    client.post("a/b", "x", &status);
    EXPECT_EQ(status, 401u);
}

TEST_F(HttpsTransportTest, TrustsOnlyTheNamedCertificate) {
    HttpsTransport client = transport("secret", "other.pem");
    EXPECT_EQ(code_of(client), Code::access_denied);
}

TEST_F(HttpsTransportTest, MeetsARestartedServerAgain) {
    HttpsTransport client = transport();
    unsigned status = 0;
    client.post("a/b", "x", &status);
    const std::uint16_t port = server_->port();
    server_.reset();
    EXPECT_EQ(code_of(client), Code::unavailable);
    start(port);
    client.post("a/b", "x", &status);
    EXPECT_EQ(status, 200u);
}

TEST_F(HttpsTransportTest, RefusesOtherUrls) {
    for (const char* url : {"http://h/wsman", "https://", "h:1", "https://h:x/", "https://h/a b"}) {
        EXPECT_THROW(HttpsTransport(url, "u", "p", directory_ / "cert.pem"), Error) << url;
    }
    EXPECT_THROW(HttpsTransport("https://h/", "u", "p", directory_ / "missing.pem"), Error);
    EXPECT_THROW(HttpsTransport("https://h/", "u", "p", directory_ / "accounts"), Error);
}

}  // namespace
}  // namespace reviver::cli
