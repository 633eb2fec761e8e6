#include "recovery/definition.h"

#include <gtest/gtest.h>

namespace reviver::recovery {
namespace {

using hypervisor::DomainXml;

constexpr const char* of_point =
    "<domain><name>n</name><uuid>11111111-2222-3333-4444-555555555555</uuid><devices>"
    "<disk type='file' device='cdrom'><source file='/there/x.iso'/><target dev='sda'/></disk>"
    "<disk type='block' device='disk'><source dev='/dev/a'/><target dev='vda'/></disk>"
    "<disk type='file' device='disk'><source file='/there/b'/><target dev='vdb'/></disk>"
    "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='there'/>"
    "</interface></devices></domain>";

TEST(DefinitionAtSite, TakesDisksOfThePointAndNetworksOfTheSite) {
    DomainXml there(of_point);
    there.lock("/there/locks/reason");
    const DomainXml here(
        "<domain><name>n</name><devices><interface type='network'>"
        "<mac address='52:54:00:00:00:01'/><source "
        "network='here'/></interface></devices></domain>");
    const DomainXml xml =
        definition_at_site(there.text(), {{"vda", {"/here/a.qcow2", "qcow2"}}}, &here);
    EXPECT_FALSE(xml.locked());
    ASSERT_EQ(xml.disks().size(), 1u);
    EXPECT_EQ(xml.disks()[0].source, "/here/a.qcow2");
    EXPECT_EQ(xml.disks()[0].format, "qcow2");
    EXPECT_FALSE(xml.disks()[0].block_device);
    EXPECT_NE(xml.text().find("startupPolicy='optional'"), std::string::npos);
    EXPECT_NE(xml.text().find("network='here'"), std::string::npos);
}

TEST(DefinitionAtSite, WithoutALocalOneTheNetworksAreThePoints) {
    const DomainXml xml = definition_at_site(of_point, {}, nullptr);
    EXPECT_TRUE(xml.disks().empty());
    EXPECT_NE(xml.text().find("network='there'"), std::string::npos);
}

}  // namespace
}  // namespace reviver::recovery
