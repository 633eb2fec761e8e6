#include "server/login_failures.h"

#include "server/limits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace reviver::server {
namespace {

using namespace std::chrono_literals;

class LoginFailuresTest : public testing::Test {
  protected:
    void fail(const std::string& address, const std::string& name, std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) failures_.failed(address, name, now_);
    }
    bool turned_away(const std::string& address, const std::string& name) {
        return failures_.turned_away(address, name, now_);
    }

    LoginFailures failures_;
    LoginFailures::Clock::time_point now_ = LoginFailures::Clock::now();
};

TEST_F(LoginFailuresTest, TheWaitDoublesAndEnds) {
    fail("a", "admin", limits::failures_free - 1);
    EXPECT_FALSE(turned_away("a", "admin"));
    fail("a", "admin", 1);
    EXPECT_TRUE(turned_away("a", "admin"));
    EXPECT_FALSE(turned_away("a", "other"));
    EXPECT_FALSE(turned_away("b", "admin"));
    now_ += 1001ms;
    EXPECT_FALSE(turned_away("a", "admin"));
    fail("a", "admin", 1);
    now_ += 1001ms;
    EXPECT_TRUE(turned_away("a", "admin"));
    now_ += 1s;
    EXPECT_FALSE(turned_away("a", "admin"));
    fail("a", "admin", 50);
    now_ += limits::failure_wait_max;
    EXPECT_FALSE(turned_away("a", "admin"));
    failures_.succeeded("a", "admin");
    fail("a", "admin", 1);
    EXPECT_FALSE(turned_away("a", "admin"));
}

// The table was emptied from its first name on, so that whoever failed under names that come later
// tried passwords of "admin" without ever waiting.
TEST_F(LoginFailuresTest, OtherNamesOfAnAddressDoNotMakeItForgotten) {
    fail("a", "admin", 12);
    for (std::size_t i = 0; i < 2 * limits::failing_clients_max; ++i) {
        const std::string name = fmt::format("b{}", i);
        if (!turned_away("a", name)) fail("a", name, 1);
    }
    EXPECT_TRUE(turned_away("a", "admin"));
    EXPECT_TRUE(turned_away("a", "one more"));
    EXPECT_FALSE(turned_away("b", "one more"));
    now_ += 2 * limits::failure_wait_max + 1s;
    EXPECT_FALSE(turned_away("a", "one more"));
}

TEST_F(LoginFailuresTest, WhoFailedLeastIsForgottenFirst) {
    fail("a", "admin", 12);
    for (std::size_t i = 0; i < 2 * limits::failing_clients_max; ++i)
        fail(fmt::format("b{}", i), "b", 1);
    EXPECT_TRUE(turned_away("a", "admin"));
}

}  // namespace
}  // namespace reviver::server
