#include "replication/failover_network.h"

#include "base/error.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace reviver::replication {
namespace {

class FailoverNetworkTest : public ::testing::Test {
  protected:
    FailoverNetworkTest() {
        char name[] = "/tmp/failover_network_test.XXXXXX";
        directory_ = mkdtemp(name);
        repository_ = state::open_sqlite(sys::linux_world(), directory_ / "state.db");
    }
    ~FailoverNetworkTest() override { std::filesystem::remove_all(directory_); }

    static AdapterSettings fixed() {
        AdapterSettings settings;
        settings.adapter = "52:54:00:12:34:56";
        settings.dhcp = false;
        settings.addresses = {"192.0.2.7"};
        settings.subnets = {"255.255.255.0"};
        settings.gateways = {"192.0.2.1"};
        settings.dns_servers = {"192.0.2.2", "2001:db8::2"};
        return settings;
    }

    void expect_refused(const AdapterSettings& wrong) {
        try {
            FailoverNetwork(*repository_).set(vm_, {wrong});
            FAIL() << "was not refused";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::invalid_parameter);
        }
        EXPECT_TRUE(FailoverNetwork(*repository_).of(vm_).empty());
    }

    std::filesystem::path directory_;
    std::unique_ptr<state::Repository> repository_;
    const VmId vm_ = *VmId::parse("11111111-2222-3333-4444-555555555555");
};

TEST_F(FailoverNetworkTest, IsKeptPerVmAndReplaced) {
    FailoverNetwork(*repository_).set(vm_, {fixed()});
    EXPECT_EQ(FailoverNetwork(*repository_).of(vm_), std::vector{fixed()});
    EXPECT_TRUE(FailoverNetwork(*repository_).of(VmId()).empty());
    FailoverNetwork(*repository_).set(vm_, {});
    EXPECT_TRUE(FailoverNetwork(*repository_).of(vm_).empty());
}

TEST_F(FailoverNetworkTest, WhatIsNoAddressIsRefused) {
    AdapterSettings wrong = fixed();
    wrong.addresses = {"192.0.2"};
    expect_refused(wrong);
    wrong = fixed();
    wrong.subnets = {"129"};
    expect_refused(wrong);
    wrong = fixed();
    wrong.subnets.clear();
    expect_refused(wrong);
    wrong = fixed();
    wrong.protocol = 1;
    expect_refused(wrong);
    wrong = fixed();
    wrong.adapter.clear();
    expect_refused(wrong);
    wrong = fixed();
    wrong.gateways.assign(17, "192.0.2.1");
    expect_refused(wrong);
}

TEST_F(FailoverNetworkTest, AnAdapterIsGivenOnce) {
    EXPECT_THROW(FailoverNetwork(*repository_).set(vm_, {fixed(), fixed()}), Error);
    std::vector<AdapterSettings> many;
    for (int i = 0; i < 33; ++i) {
        many.push_back(fixed());
        many.back().adapter = std::to_string(i);
    }
    EXPECT_THROW(FailoverNetwork(*repository_).set(vm_, many), Error);
}

}  // namespace
}  // namespace reviver::replication
