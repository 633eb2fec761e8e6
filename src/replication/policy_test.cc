#include "replication/policy.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::replication {
namespace {

class StoppedClock : public sys::Clock {
  public:
    sys::WallTime wall() override { return {}; }
    sys::MonoTime mono() override { return {}; }
    void sleep_until(sys::MonoTime) override {}
};

constexpr std::uint64_t slow = 64 << 10;
constexpr std::uint64_t fast = 1 << 20;
const CollectionId shop(*Uuid::parse("11111111-2222-4333-8444-555555555555"));

SitePolicy policy_of(std::uint64_t site, std::uint64_t of_shop) {
    return {{{site, {}}, {{"shop", {of_shop, {}}}}}, {}};
}

TEST(Policy, LinksThatAreOpenKeepToAChange) {
    StoppedClock clock;
    Policy policy(clock);
    const auto of_shop = policy.limit_of(shop, "shop");
    const auto of_site = policy.site_limit();
    EXPECT_EQ(of_shop->rate(), 0u);
    EXPECT_EQ(of_site->rate(), 0u);
    policy.set(policy_of(fast, slow));
    EXPECT_EQ(of_shop->rate(), slow);
    EXPECT_EQ(policy.rate_of(shop, "shop"), slow);
    EXPECT_EQ(of_site->rate(), fast);
    EXPECT_EQ(policy.site_rate(), fast);
    policy.set({});
    EXPECT_EQ(of_shop->rate(), 0u);
    EXPECT_EQ(of_site->rate(), 0u);
}

TEST(Policy, TheLinksOfACollectionShareOneLimit) {
    StoppedClock clock;
    Policy policy(clock, policy_of(0, slow));
    EXPECT_EQ(policy.limit_of(shop, "shop"), policy.limit_of(shop, "shop"));
    EXPECT_NE(policy.limit_of(shop, "shop"), policy.limit_of(CollectionId(), "other"));
    EXPECT_EQ(policy.limit_of(CollectionId(), "other")->rate(), 0u);
}

TEST(Policy, ACollectionThatWasRenamedHasThePlanOfItsName) {
    StoppedClock clock;
    Policy policy(clock, policy_of(0, slow));
    const auto limit = policy.limit_of(shop, "mail");
    EXPECT_EQ(limit->rate(), 0u);
    EXPECT_EQ(policy.limit_of(shop, "shop"), limit);
    EXPECT_EQ(limit->rate(), slow);
}

TEST(Policy, TheHistoryIsTheRelationshipsAndTheRestTheSites) {
    StoppedClock clock;
    Policy policy(clock, {{}, {30, 7, 4}});
    Settings settings;
    settings.recovery_history = 5;
    const auto retention = policy.retention(settings, clock.wall());
    EXPECT_EQ(retention.recovery_history, 5u);
    EXPECT_EQ(retention.recent, std::chrono::minutes(30));
    EXPECT_EQ(retention.daily, 7u);
    EXPECT_EQ(retention.weekly, 4u);
}

TEST(Policy, LimitsOfCollectionsThatAreGoneGo) {
    StoppedClock clock;
    Policy policy(clock, policy_of(0, slow));
    const auto held = policy.limit_of(shop, "shop");
    const std::weak_ptr<wire::BandwidthLimit> gone = policy.limit_of(CollectionId(), "gone");
    for (std::uint8_t i = 0; i < 255; ++i) {
        for (std::uint8_t j = 0; j < 8; ++j) {
            policy.limit_of(CollectionId(Uuid({i, j, 1})), "another");
        }
    }
    EXPECT_TRUE(gone.expired());
    EXPECT_EQ(policy.limit_of(shop, "shop"), held);
}

}  // namespace
}  // namespace reviver::replication
