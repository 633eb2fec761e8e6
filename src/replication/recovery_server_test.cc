#include "replication/recovery_server.h"

#include "base/error.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace reviver::replication {
namespace {

using namespace std::chrono_literals;

const std::string fingerprint(64, 'a');

class RecoveryServerTest : public ::testing::Test {
  protected:
    RecoveryServerTest() {
        char name[] = "/tmp/recovery_server_test.XXXXXX";
        directory_ = mkdtemp(name);
        repository_ = state::open_sqlite(sys::linux_world(), directory_ / "state.db");
        start();
        peers_->put({"home", "", fingerprint, {"127.0.0.1", 7000}});
    }
    ~RecoveryServerTest() override { std::filesystem::remove_all(directory_); }

    void start() {
        peers_ = std::make_unique<Peers>(*repository_);
        server_ = std::make_unique<RecoveryServer>(*repository_, *peers_, "away");
    }

    template <class Work>
    Code refusal_of(Work work) {
        try {
            work();
        } catch (const Error& error) {
            return error.code();
        }
        ADD_FAILURE() << "was not refused";
        return Code::failed;
    }
    Code refusal() {
        return refusal_of([this] { server_->require_welcome("home"); });
    }

    std::filesystem::path directory_;
    std::unique_ptr<state::Repository> repository_;
    std::unique_ptr<Peers> peers_;
    std::unique_ptr<RecoveryServer> server_;
};

TEST_F(RecoveryServerTest, WhoIsPairedMayReplicate) {
    server_->require_welcome("home");
    EXPECT_EQ(refusal_of([this] { server_->require_welcome("nobody"); }), Code::access_denied);
}

TEST_F(RecoveryServerTest, ATakenAuthorizationStaysAwayUntilItIsAddedAgain) {
    server_->withdraw("home");
    EXPECT_EQ(refusal(), Code::access_denied);
    peers_->put({"home", "", fingerprint, {"127.0.0.2", 7000}});
    EXPECT_EQ(refusal(), Code::access_denied);
    start();
    EXPECT_EQ(refusal(), Code::access_denied);
    EXPECT_EQ(peers_->find("home")->endpoint.host, "127.0.0.2");
    EXPECT_EQ(refusal_of([this] { server_->withdraw("home"); }), Code::not_found);

    server_->authorize("home", {"shops"});
    server_->require_welcome("home");
    EXPECT_EQ(refusal_of([this] { server_->authorize("home", {}); }), Code::exists);
    start();
    EXPECT_EQ(peers_->find("home")->authorization, Authorization{"shops"});
}

TEST_F(RecoveryServerTest, PairingAnewBeginsWithAnAuthorization) {
    server_->withdraw("home");
    peers_->remove("home");
    peers_->put({"home", "", fingerprint, {"127.0.0.1", 7000}});
    server_->require_welcome("home");
}

TEST_F(RecoveryServerTest, TrustGroupsChange) {
    server_->change_authorization("home", {"branch"});
    EXPECT_EQ(peers_->find("home")->authorization, Authorization{"branch"});
    EXPECT_EQ(refusal_of([this] { server_->change_authorization("nobody", {}); }), Code::not_found);
    EXPECT_EQ(
        refusal_of([this] { server_->change_authorization("home", {std::string(300, 'x')}); }),
        Code::invalid_parameter);
}

TEST_F(RecoveryServerTest, WhatASiteMadeBelongsToItAndItsTrustGroup) {
    peers_->put({"branch", "", std::string(64, 'b'), {"127.0.0.1", 7001}});
    Collection kept;
    const auto refused = [&] {
        return refusal_of([&] { server_->require_same_trust(kept, "branch"); });
    };
    server_->require_same_trust(kept, "branch");  // nobody else's
    kept.made_by = "home";
    server_->require_same_trust(kept, "home");
    EXPECT_EQ(refused(), Code::access_denied);  // "" is no group
    server_->change_authorization("branch", {"shops"});
    EXPECT_EQ(refused(), Code::access_denied);
    kept.made_in_group = "shops";
    EXPECT_EQ(refused(), Code::access_denied);  // home's entry counts as it is now
    server_->change_authorization("home", {"shops"});
    server_->require_same_trust(kept, "branch");
    server_->change_authorization("home", {"others"});
    EXPECT_EQ(refused(), Code::access_denied);
    server_->withdraw("home");
    server_->require_same_trust(kept, "branch");
    peers_->remove("home");
    server_->require_same_trust(kept, "branch");
    server_->withdraw("branch");
    EXPECT_EQ(refused(), Code::access_denied);
}

TEST_F(RecoveryServerTest, ASiteThatIsNoRecoveryServerTakesNothing) {
    ServiceSettings settings = server_->settings();
    EXPECT_TRUE(settings.recovery_server_enabled);
    settings.recovery_server_enabled = false;
    settings.monitoring_interval_s = 7200;
    server_->change(settings);
    EXPECT_EQ(refusal(), Code::not_supported);
    start();
    EXPECT_EQ(server_->settings(), settings);
    EXPECT_EQ(refusal(), Code::not_supported);
}

TEST_F(RecoveryServerTest, SettingsOutOfRangeAreRefused) {
    for (const ServiceSettings& wrong :
         {ServiceSettings{true, 3599, 0}, ServiceSettings{true, 604'801, 0},
          ServiceSettings{true, 3600, 86'400}}) {
        EXPECT_EQ(refusal_of([&] { server_->change(wrong); }), Code::invalid_parameter);
    }
}

TEST(Monitoring, BeginsAnewAtTheStartTimeAndEachInterval) {
    const ServiceSettings settings{true, 43'200, 9 * 3600};
    const sys::WallTime day{std::chrono::hours(24) * 20'000};
    EXPECT_FALSE(monitoring_begins_anew(settings, day + 9h, day + 20h));
    EXPECT_TRUE(monitoring_begins_anew(settings, day + 9h, day + 21h));
    EXPECT_TRUE(monitoring_begins_anew(settings, day + 8h + 59min, day + 9h));
    EXPECT_FALSE(monitoring_begins_anew(settings, day + 21h, day + 24h + 8h));
    EXPECT_TRUE(monitoring_begins_anew(settings, day + 240h, day)) << "the clock had been ahead";
}

// Documents of before there were authorizations.
TEST(Peer, OfAnEarlierVersionMayReplicate) {
    const Peer peer = peer_from_text(
        R"({"name":"home","site_id":"","fingerprint":"","host":"127.0.0.1","port":7000})");
    EXPECT_EQ(peer.authorization, Authorization{});
}

}  // namespace
}  // namespace reviver::replication
