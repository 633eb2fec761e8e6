// libvirt's test driver has networks, in memory.
#include "hypervisor/networks.h"

#include "hypervisor/hypervisor.h"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>

#include <memory>

namespace reviver::hypervisor {
namespace {

constexpr const char* uri = "test:///default";
constexpr const char* name = "reviver-test-6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b";

// As libvirt has it; "" when there is none.
std::string definition_of(const char* network_name) {
    const std::unique_ptr<virConnect, int (*)(virConnectPtr)> connection(virConnectOpen(uri),
                                                                         virConnectClose);
    const std::unique_ptr<virNetwork, int (*)(virNetworkPtr)> network(
        virNetworkLookupByName(connection.get(), network_name), virNetworkFree);
    if (network == nullptr) return "";
    EXPECT_EQ(virNetworkIsActive(network.get()), 1);
    int autostart = 0;
    EXPECT_EQ(virNetworkGetAutostart(network.get(), &autostart), 0);
    EXPECT_EQ(autostart, 1);
    const std::unique_ptr<char, void (*)(void*)> text(virNetworkGetXMLDesc(network.get(), 0), free);
    return text.get();
}

TEST(Networks, AnIsolatedNetworkIsMadeOnceAndRemovedWhateverIsThere) {
    const auto hypervisor = connect(uri);
    Networks* networks = hypervisor->networks();
    ASSERT_NE(networks, nullptr);
    networks->remove(name);
    for (int times = 0; times < 2; ++times) networks->make_isolated(name);
    const std::string made = definition_of(name);
    EXPECT_NE(made.find(name), std::string::npos);
    EXPECT_EQ(made.find("<forward"), std::string::npos) << made;
    EXPECT_EQ(made.find("<ip"), std::string::npos) << made;
    for (int times = 0; times < 2; ++times) networks->remove(name);
    EXPECT_EQ(definition_of(name), "");
}

}  // namespace
}  // namespace reviver::hypervisor
