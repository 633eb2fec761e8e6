// Who comes in by a certificate, who by nothing at all, and what plain HTTP serves.
#include "base/bytes.h"
#include "base/error.h"
#include "server/basic_authenticator.h"
#include "server/certificate_authenticator.h"
#include "server/test_certificates.h"
#include "server/test_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace reviver::server {
namespace {

using testing::HasSubstr;

constexpr const char* mutual_profile =
    "Authorization: http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual\r\n";
constexpr const char* login = "Authorization: Basic YWRtaW46c2VjcmV0\r\n";  // admin:secret
constexpr const char* wrong_login = "Authorization: Basic YWRtaW46d3Jvbmc=\r\n";

class NameDoor : public Door {
  public:
    unsigned refuse_before_body(const HttpRequest&) const override { return 0; }
    HttpReply handle(const HttpRequest& request, const cim::Principal& who) override {
        ++handled;
        EXPECT_EQ(who.origin().door, request.path);
        EXPECT_EQ(who.origin().address, "127.0.0.1");
        return plain_reply(200, who.name());
    }
    std::atomic<int> handled = 0;
};

class KeptTrail : public cim::AuditTrail {
  public:
    void refused(const cim::Principal&, const cim::ObjectPath&, std::string_view,
                 cim::Status) noexcept override {}
    std::uint64_t asked(const cim::Principal&, const cim::ObjectPath&, std::string_view) override {
        return 0;
    }
    void answered(std::uint64_t, const cim::Ending&) noexcept override {}
    void turned_away(const cim::Origin& origin, std::string_view as,
                     std::string_view why) noexcept override {
        const std::lock_guard lock(mutex);
        said.push_back(origin.door + " " + std::string(as) + ": " + std::string(why));
    }
    std::mutex mutex;
    std::vector<std::string> said;
};

std::string fingerprint(const std::filesystem::path& certificate) {
    const std::unique_ptr<FILE, decltype(&std::fclose)> in(std::fopen(certificate.c_str(), "r"),
                                                           std::fclose);
    const std::unique_ptr<X509, decltype(&X509_free)> read(
        PEM_read_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
    unsigned char digest[32];
    unsigned length = sizeof(digest);
    X509_digest(read.get(), EVP_sha256(), digest, &length);
    return to_hex({reinterpret_cast<const std::byte*>(digest), length});
}

class WhoComesInTest : public testing::Test {
  protected:
    WhoComesInTest() {
        write_accounts(
            file_,
            {{"admin", TestSite::quick_hash(), {cim::Role::administrator}},
             {"ann", {}, {cim::Role::viewer}, {certificate_proof(fingerprint(ann_.certificate))}},
             {"bob", {}, {cim::Role::viewer}, {common_name_proof("Bob B.")}}});
        options_.client_ca_file = ca_.file();
        options_.trail = trail_;
    }

    HttpsServer& server() {
        if (!server_) {
            const auto accounts = std::make_shared<AccountFile>(file_);
            Router router;
            router.add("/name", door_);
            server_ = std::make_unique<HttpsServer>(
                options_, std::move(router),
                std::make_shared<AnyOf>(std::vector<std::shared_ptr<Authenticator>>{
                    std::make_shared<BasicAuthenticator>(accounts, options_.allow_unencrypted),
                    std::make_shared<CertificateAuthenticator>(accounts)}));
        }
        return *server_;
    }
    static std::string ask(const std::string& fields) {
        return "POST /name HTTP/1.1\r\nHost: x\r\n" + fields + "Content-Length: 1\r\n\r\nx";
    }
    // Status 0: the handshake was refused.
    TestTlsClient::Reply come_with(const TestCa::Client& client, const std::string& fields = {},
                                   int version = TLS1_3_VERSION) {
        TestTlsClient connection(server().port(), version, client.certificate, client.key);
        return connection.ask(ask(fields));
    }

    TestSite site_;
    const TestDirectory& directory_ = site_.directory;
    const std::filesystem::path file_ = site_.accounts;
    TestCa ca_{directory_.path(), "ca"};
    TestCa other_ca_{directory_.path(), "other"};
    TestCa::Client ann_ = ca_.issue("whoever");
    std::shared_ptr<NameDoor> door_ = std::make_shared<NameDoor>();
    std::shared_ptr<KeptTrail> trail_ = std::make_shared<KeptTrail>();
    HttpsOptions& options_ = site_.options;
    std::unique_ptr<HttpsServer> server_;
};

TEST_F(WhoComesInTest, ByTheFingerprintOfACertificate) {
    EXPECT_EQ(come_with(ann_).body, "ann\n");
    EXPECT_EQ(come_with(ann_, mutual_profile).body, "ann\n");
    EXPECT_EQ(come_with(ann_, "", TLS1_2_VERSION).body, "ann\n");
    TestTlsClient again(server().port(), TLS1_3_VERSION, ann_.certificate, ann_.key);
    EXPECT_EQ(again.ask(ask("")).body, "ann\n");
    EXPECT_EQ(again.ask(ask(mutual_profile)).body, "ann\n");
}

TEST_F(WhoComesInTest, ByTheCommonNameThatTheCaGave) {
    EXPECT_EQ(come_with(ca_.issue("Bob B.")).body, "bob\n");
    EXPECT_EQ(come_with(ca_.issue("Bob B. ")).status, 401);
    EXPECT_EQ(come_with(ca_.issue("admin")).status, 401) << "the name of an account is no proof";
    EXPECT_THAT(trail_->said.back(), HasSubstr("/name admin: no account"));
}

TEST_F(WhoComesInTest, NotByACertificateThatDoesNotCount) {
    EXPECT_EQ(come_with(other_ca_.issue("Bob B.")).status, 0) << "unknown CA";
    EXPECT_EQ(come_with(ca_.issue("Bob B.", -60)).status, 0) << "expired";
    EXPECT_EQ(come_with(ca_.issue("Bob B.", 7200, 3600)).status, 0) << "not yet valid";
    EXPECT_EQ(come_with({directory_ / "cert.pem", directory_ / "key.pem", 0}).status, 0);
    const TestCa::Client stolen = ca_.issue("Bob B.");
    options_.client_crl_file = ca_.revoke(stolen.serial);
    server_.reset();
    EXPECT_EQ(come_with(stolen).status, 0) << "revoked";
    EXPECT_EQ(come_with(ca_.issue("Bob B.")).body, "bob\n");
    EXPECT_EQ(door_->handled, 1);
}

TEST_F(WhoComesInTest, AListThatHasChangedCountsForWhoComesNext) {
    const TestCa::Client first = ca_.issue("Bob B."), second = ca_.issue("Bob B.");
    options_.client_crl_file = ca_.revoke(first.serial);
    EXPECT_EQ(come_with(first).status, 0);
    EXPECT_EQ(come_with(second).body, "bob\n");
    ca_.revoke(second.serial);
    EXPECT_EQ(come_with(second).status, 0);
    EXPECT_EQ(come_with(first).body, "bob\n") << "is on the list no more";
}

TEST_F(WhoComesInTest, WithoutAListThatCanBeReadNoCertificateCounts) {
    const TestCa::Client good = ca_.issue("Bob B.");
    const auto list = options_.client_crl_file = ca_.revoke(0);
    EXPECT_EQ(come_with(good).body, "bob\n");
    std::filesystem::remove(list);
    EXPECT_EQ(come_with(good).status, 0) << "gone";
    std::ofstream(list) << "no list";
    EXPECT_EQ(come_with(good).status, 0) << "no PEM";
    EXPECT_EQ(come_with({}, login).body, "admin\n") << "by another proof";
    ca_.revoke(0, -3600);
    EXPECT_EQ(come_with(good).status, 0) << "run out";
    ca_.revoke(0);
    EXPECT_EQ(come_with(good).body, "bob\n");
}

TEST_F(WhoComesInTest, NotByACertificateThatTwoAccountsHave) {
    put_account(file_, {"eve", {}, {cim::Role::viewer}, {common_name_proof("Bob B.")}});
    EXPECT_EQ(come_with(ca_.issue("Bob B.")).status, 401);
}

TEST_F(WhoComesInTest, NobodyIsAskedForACertificateWithoutACa) {
    options_.client_ca_file.clear();
    EXPECT_EQ(come_with(ann_).status, 401);
    EXPECT_EQ(come_with(ann_, mutual_profile).status, 401);
    EXPECT_THAT(trail_->said.back(), HasSubstr("announced and not sent"));
    EXPECT_EQ(come_with(ann_, login).body, "admin\n");
}

// Each on a connection of its own, and all on one that somebody came in by before.
TEST_F(WhoComesInTest, NobodyComesInByNothing) {
    const std::vector<std::string> nothing = {
        "",
        wrong_login,
        mutual_profile,
        "Authorization: \r\n",
        "Authorization: Basic\r\n",
        "Authorization: Basic %%%\r\n",
        "Authorization: Basic YWRtaW4=\r\n",
        "Authorization: Bearer YWRtaW46c2VjcmV0\r\n",
        "Authorization: Digest username=\"admin\"\r\n",
        "Authorization: Negotiate TlRMTVNTUAABAAAA\r\n",
        "Authorization: Kerberos YWRtaW4=\r\n",
        "Proxy-Authorization: Basic YWRtaW46c2VjcmV0\r\n",
        "Cookie: admin\r\n",
        "X-Forwarded-User: admin\r\n",
    };
    TestTlsClient reused(server().port());
    EXPECT_EQ(reused.ask(ask(login)).body, "admin\n");
    for (const std::string& fields : nothing) {
        const auto fresh = TestTlsClient(server().port()).ask(ask(fields));
        EXPECT_EQ(fresh.status, 401) << fields;
        EXPECT_THAT(fresh.header, HasSubstr("WWW-Authenticate: Basic realm=\"WSMAN\""));
        EXPECT_EQ(reused.ask(ask(fields)).status, 401) << fields;
    }
    EXPECT_EQ(door_->handled, 1);
}

TEST_F(WhoComesInTest, WhoIsTurnedAwayIsTold) {
    TestTlsClient client(server().port());
    client.ask(ask(""));
    EXPECT_TRUE(trail_->said.empty()) << "who says nothing is only asked";
    client.ask(ask(wrong_login));
    ASSERT_EQ(trail_->said.size(), 1u);
    EXPECT_EQ(trail_->said[0], "/name admin: no such account, or another password");
}

class PlainClient {
  public:
    explicit PlainClient(std::uint16_t port) : socket_(port) {}
    std::string ask(const std::string& bytes) {
        EXPECT_GT(::send(socket_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
        std::string reply;
        char block[4096];
        while (reply.find("\r\n\r\n") == reply.npos) {
            const ssize_t n = ::recv(socket_.descriptor(), block, sizeof(block), 0);
            if (n <= 0) break;
            reply.append(block, static_cast<std::size_t>(n));
        }
        return reply;
    }

  private:
    TestSocket socket_;
};

TEST_F(WhoComesInTest, PlainHttpServesNothingThatIsNotSealed) {
    options_.tls = false;
    PlainClient client(server().port());
    for (const char* fields : {"", login, mutual_profile}) {
        EXPECT_THAT(client.ask(ask(fields)), HasSubstr("401 Unauthorized")) << fields;
    }
    EXPECT_EQ(client.ask(ask(login)).find("Basic"), std::string::npos) << "not even offered";
    EXPECT_THAT(trail_->said.back(), HasSubstr("everybody on the way could read"));
    EXPECT_EQ(door_->handled, 0);
}

TEST_F(WhoComesInTest, PlainHttpServesEverythingWhereThatIsWanted) {
    options_.tls = false;
    options_.allow_unencrypted = true;
    PlainClient client(server().port());
    EXPECT_THAT(client.ask(ask(login)), HasSubstr("200 OK"));
    EXPECT_THAT(client.ask(ask(wrong_login)), HasSubstr("401 Unauthorized"));
}

TEST_F(WhoComesInTest, SaysWhichFileItCannotUse) {
    options_.client_ca_file = directory_ / "key.pem";
    EXPECT_THROW(server(), Error);
    options_.client_ca_file = ca_.file();
    options_.client_crl_file = directory_ / "missing";
    EXPECT_THROW(server(), Error);
}

}  // namespace
}  // namespace reviver::server
