#include "hypervisor/domain_xml.h"

#include "base/error.h"
#include "hypervisor/limits.h"

#include <gtest/gtest.h>

namespace reviver::hypervisor {
namespace {

constexpr const char* shop = R"(<?xml version="1.0"?>
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>shop &amp; "co"</name>
  <uuid>11111111-2222-3333-4444-555555555555</uuid>
  <devices>
    <disk type='file' device='cdrom'>
      <source file='/iso/debian.iso'/><target dev='sda' bus='sata'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/vm/a.qcow2'/>
      <backingStore type='file'><format type='raw'/><source file='/vm/base'/></backingStore>
      <target dev='vda' bus='virtio'/>
      <address type='pci' slot='0x04'/>
    </disk>
    <disk type='block'><source dev='/dev/vg/b'/><target dev='vdb'/><readonly/></disk>
    <interface type='network'><source network='prod'/></interface>
    <interface type='bridge'><source bridge='br0'/></interface>
    <interface type='user'/>
  </devices>
  <qemu:commandline><qemu:arg value='a&#10;b'/></qemu:commandline>
</domain>
)";

Code code_of(const auto& action) {
    try {
        action();
    } catch (const Error& e) {
        return e.code();
    }
    ADD_FAILURE() << "no error";
    return Code::failed;
}

TEST(DomainXml, TellsWhetherAGuestAgentIsThere) {
    const auto with_channel = [](const std::string& name, const std::string& state) {
        return DomainXml(
            "<domain><name>a</name><devices><channel type='unix'><target type='virtio' "
            "name='" +
            name + "'" + state + "/></channel></devices></domain>");
    };
    EXPECT_FALSE(DomainXml(shop).agent_connected());
    EXPECT_FALSE(with_channel("org.qemu.guest_agent.0", "").agent_connected());
    EXPECT_FALSE(with_channel("org.qemu.guest_agent.0", " state='disconnected'").agent_connected());
    EXPECT_FALSE(with_channel("com.redhat.spice.0", " state='connected'").agent_connected());
    EXPECT_TRUE(with_channel("org.qemu.guest_agent.0", " state='connected'").agent_connected());
}

TEST(DomainXml, ReadsNameIdAndHardDisks) {
    const DomainXml domain(shop);
    EXPECT_EQ(domain.name(), "shop & \"co\"");
    EXPECT_EQ(domain.id().text(), "11111111-2222-3333-4444-555555555555");
    const std::vector<Disk> disks = domain.disks();
    ASSERT_EQ(disks.size(), 2u);
    EXPECT_EQ(disks[0].target, "vda");
    EXPECT_EQ(disks[0].source, "/vm/a.qcow2");
    EXPECT_EQ(disks[0].format, "qcow2");
    EXPECT_FALSE(disks[0].block_device);
    EXPECT_EQ(disks[1].source, "/dev/vg/b");
    EXPECT_EQ(disks[1].format, "raw");
    EXPECT_TRUE(disks[1].read_only);
    EXPECT_TRUE(disks[1].block_device);
}

TEST(DomainXml, WritesWhatItReads) {
    const std::string once = DomainXml(shop).text();
    EXPECT_EQ(DomainXml(once).text(), once);
    EXPECT_NE(once.find("<qemu:arg value='a&#10;b'/>"), std::string::npos) << once;
    EXPECT_NE(once.find("xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"),
              std::string::npos);
}

TEST(DomainXml, DiskGetsAnotherImageAndKeepsItsPlace) {
    DomainXml domain(shop);
    domain.set_disk("vda", "/new/overlay's.qcow2", "qcow2");
    domain.set_disk("vdb", "/new/b.qcow2", "qcow2");
    const DomainXml again(domain.text());
    EXPECT_EQ(again.disks()[0].source, "/new/overlay's.qcow2");
    EXPECT_EQ(again.disks()[1].source, "/new/b.qcow2");
    EXPECT_FALSE(again.disks()[1].block_device);
    EXPECT_EQ(again.text().find("backingStore"), std::string::npos);
    EXPECT_NE(again.text().find("cache='none'"), std::string::npos);
    EXPECT_NE(again.text().find("slot='0x04'"), std::string::npos);
    EXPECT_EQ(code_of([&] { domain.set_disk("vdx", "/x", "raw"); }), Code::not_found);
}

TEST(DomainXml, RemovesADisk) {
    DomainXml domain(shop);
    domain.remove_disk("vda");
    ASSERT_EQ(domain.disks().size(), 1u);
    EXPECT_EQ(domain.disks()[0].target, "vdb");
}

TEST(DomainXml, LockIsNoDiskOfTheVmAndLeavesNothing) {
    const std::string before = DomainXml(shop).text();
    DomainXml domain(shop);
    EXPECT_FALSE(domain.locked());
    domain.lock("/locks/This is 'shop'.");
    domain.lock("/locks/This is a replica of 'shop'.");
    const DomainXml locked(domain.text());
    EXPECT_TRUE(locked.locked());
    EXPECT_EQ(locked.lock_file(), "/locks/This is a replica of 'shop'.");
    EXPECT_EQ(locked.disks().size(), 2u);
    domain.unlock();
    EXPECT_EQ(domain.text(), before);
}

TEST(DomainXml, NetworksAndEmulatorAreTheSitesOwn) {
    DomainXml domain(
        "<domain><name>n</name><devices><emulator>/there/qemu</emulator>"
        "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='there'/>"
        "<model type='virtio'/></interface>"
        "<interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br1'/>"
        "</interface></devices></domain>");
    const DomainXml local(
        "<domain><name>n</name><devices><emulator>/here/qemu</emulator>"
        "<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br-here'/>"
        "<link state='down'/></interface></devices></domain>");
    domain.settle_at_site(&local);
    EXPECT_EQ(domain.text(),
              "<domain><name>n</name><devices>"
              "<interface type='bridge'><mac address='52:54:00:00:00:01'/><model type='virtio'/>"
              "<source bridge='br-here'/><link state='down'/></interface>"
              "<interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br1'/>"
              "</interface><emulator>/here/qemu</emulator></devices></domain>\n");
    domain.settle_at_site(nullptr);
    EXPECT_EQ(domain.text().find("emulator"), std::string::npos);
}

TEST(DomainXml, MediaMayBeMissingDisksMayNot) {
    DomainXml domain(shop);
    domain.let_media_be_missing();
    const std::string text = domain.text();
    EXPECT_NE(text.find("<source file='/iso/debian.iso' startupPolicy='optional'/>"),
              std::string::npos);
    EXPECT_NE(text.find("<source file='/vm/a.qcow2'/>"), std::string::npos);
}

TEST(DomainXml, RefusesWhatIsNoDomain) {
    EXPECT_EQ(code_of([] { DomainXml("<domain>"); }), Code::invalid_parameter);
    EXPECT_EQ(code_of([] { DomainXml(""); }), Code::invalid_parameter);
    EXPECT_EQ(code_of([] { DomainXml("<network><name>n</name></network>"); }),
              Code::invalid_parameter);
    EXPECT_EQ(code_of([] { DomainXml("<domain><name>n</name></domain>").id(); }),
              Code::invalid_parameter);
}

TEST(Xml, RefusesWhatIsBeyondItsLimits) {
    EXPECT_EQ(code_of([] { parse_xml("<!DOCTYPE d [<!ENTITY e 'x'>]><d>&e;</d>"); }),
              Code::invalid_parameter);
    std::string deep;
    for (std::size_t i = 0; i <= xml_depth_max; ++i) deep += "<a>";
    EXPECT_EQ(code_of([&] { parse_xml(deep); }), Code::invalid_parameter);
    std::string wide = "<a>";
    for (std::size_t i = 0; i <= xml_nodes_max; ++i) wide += "<b/>";
    EXPECT_EQ(code_of([&] { parse_xml(wide + "</a>"); }), Code::invalid_parameter);
    EXPECT_EQ(code_of([] { parse_xml(std::string(xml_bytes_max + 1, ' ')); }),
              Code::invalid_parameter);
}

}  // namespace
}  // namespace reviver::hypervisor
