#include "server/basic_authenticator.h"

#include "base/error.h"
#include "server/accounts.h"
#include "server/limits.h"
#include "server/test_tls.h"

#include <gtest/gtest.h>

namespace reviver::server {
namespace {

class BasicAuthenticatorTest : public testing::Test {
  protected:
    BasicAuthenticatorTest() {
        put_account(file_, {"admin", PasswordHash::of("sec:ret"), {cim::Role::administrator}});
        basic_ = std::make_unique<BasicAuthenticator>(file_);
    }

    std::optional<cim::Principal> login(const std::string& credentials,
                                        const std::string& address = "10.0.0.1") {
        std::string encoded(credentials.size() * 2 + 4, '\0');
        const int length =
            EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                            reinterpret_cast<const unsigned char*>(credentials.data()),
                            static_cast<int>(credentials.size()));
        encoded.resize(static_cast<std::size_t>(length));
        Connection connection;
        return basic_
            ->authenticate({"POST", "/", "", {{"Authorization", "Basic " + encoded}}, "", address},
                           connection)
            .who;
    }

    TestDirectory directory_;
    const std::filesystem::path file_ = directory_ / "accounts";
    std::unique_ptr<BasicAuthenticator> basic_;
};

TEST_F(BasicAuthenticatorTest, KnowsWhoHasTheRightPassword) {
    const auto who = login("admin:sec:ret");
    ASSERT_TRUE(who);
    EXPECT_EQ(who->name(), "admin");
    EXPECT_TRUE(who->may_act_as(cim::Role::operate));
    EXPECT_TRUE(login("admin:sec:ret"));
    EXPECT_FALSE(login("admin:secret"));
    EXPECT_FALSE(login("nobody:sec:ret"));
    EXPECT_FALSE(login("admin"));
    EXPECT_FALSE(login(":sec:ret"));
}

TEST_F(BasicAuthenticatorTest, AChangedFileCountsAtOnce) {
    EXPECT_TRUE(login("admin:sec:ret"));
    put_account(file_, {"admin", PasswordHash::of("other"), {cim::Role::viewer}});
    EXPECT_FALSE(login("admin:sec:ret"));
    const auto who = login("admin:other");
    ASSERT_TRUE(who);
    EXPECT_FALSE(who->may_act_as(cim::Role::operate));
    std::filesystem::remove(file_);
    EXPECT_FALSE(login("admin:other"));
}

TEST_F(BasicAuthenticatorTest, WhoeverKeepsFailingIsTurnedAway) {
    for (std::size_t i = 0; i < limits::failures_free; ++i) EXPECT_FALSE(login("admin:wrong"));
    EXPECT_FALSE(login("admin:sec:ret")) << "the right password does not end the waiting";
    EXPECT_TRUE(login("admin:sec:ret", "10.0.0.2")) << "somebody else is not kept waiting";
}

TEST_F(BasicAuthenticatorTest, NeedsItsFileAtStart) {
    EXPECT_THROW(BasicAuthenticator(directory_ / "missing"), Error);
}

}  // namespace
}  // namespace reviver::server
