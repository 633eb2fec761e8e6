#include "hypervisor/isolation.h"

#include "base/error.h"
#include "hypervisor/xml.h"

#include <gtest/gtest.h>

#include <string>

namespace reviver::hypervisor {
namespace {

constexpr const char* original = R"(<domain type='kvm' xmlns:qemu='http://q'>
  <name>web</name>
  <uuid>11111111-2222-3333-4444-555555555555</uuid>
  <genid>99999999-2222-3333-4444-555555555555</genid>
  <sysinfo type='smbios'><system><entry name='vendor'>v</entry>
    <entry name='uuid'>11111111-2222-3333-4444-555555555555</entry></system></sysinfo>
  <os><type>hvm</type><nvram template='/t.fd' format='raw'>/var/web.fd</nvram></os>
  <devices>
    <disk type='file' device='disk'><source file='/d'/><target dev='vda'/></disk>
    <disk type='block' device='lun'><source dev='/dev/sg1'/><target dev='sda'/></disk>
    <disk type='file' device='floppy'><source file='/f'/><target dev='fda'/></disk>
    <interface type='bridge' trustGuestRxFilters='yes'>
      <mac address='52:54:00:00:00:01'/><source bridge='br0'/><model type='virtio'/>
      <virtualport type='openvswitch'/><vlan><tag id='7'/></vlan><filterref filter='x'/>
      <driver name='vhost' queues='4'/><mtu size='9000'/><boot order='2'/>
      <address type='pci' slot='0x03'/>
    </interface>
    <interface type='hostdev'><mac address='52:54:00:00:00:02'/><source><address type='pci'/>
      </source></interface>
    <serial type='file'><source path='/c.log'/><log file='/l'/><target port='0'/></serial>
    <serial type='tcp'><source host='h' service='1'/><protocol type='raw'/></serial>
    <console type='pty'><source path='/dev/pts/1'/></console>
    <channel type='unix'><source mode='bind' path='/a'/><target type='virtio' name='a'/></channel>
    <channel type='tcp'><source host='h'/><target type='virtio' name='b'/></channel>
    <graphics type='vnc' port='5901' autoport='no'><listen type='socket' socket='/v'/></graphics>
    <vsock><cid auto='no' address='3'/></vsock>
    <tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>
    <rng model='virtio'><backend model='egd' type='tcp'/></rng>
    <input type='tablet' bus='usb'/>
    <input type='evdev'><source dev='/dev/input/1'/></input>
    <hostdev mode='subsystem' type='pci'/>
    <filesystem type='mount'><source dir='/srv'/></filesystem>
    <shmem name='x'/>
  </devices>
  <qemu:commandline><qemu:arg value='-netdev'/></qemu:commandline>
</domain>)";

const VmId id = *VmId::parse("22222222-2222-3333-4444-555555555555");

XmlElement copy(const Isolation& isolation) {
    return parse_xml(isolated_copy(original, id, "web - Test", isolation));
}

Isolation by_multicast() {
    return {"", "239.1.2.3", 50000, "/data/tests/t/v"};
}

// Without the white space between elements.
std::string text_of(const XmlElement* element) {
    if (element == nullptr) return "nothing";
    std::string text;
    for (const char c : write_xml(*element)) {
        const bool is_space = c == ' ' || c == '\n';
        if (!is_space || text.empty() || text.back() != '>') text += c;
    }
    return text;
}

TEST(Isolation, ACopyIsSomebodyElse) {
    const XmlElement domain = copy(by_multicast());
    EXPECT_EQ(domain.child("name")->text(), "web - Test");
    EXPECT_EQ(domain.child("uuid")->text(), id.text());
    EXPECT_EQ(text_of(domain.child("genid")), "<genid/>");
    EXPECT_EQ(domain.child("sysinfo")->child("system")->children("entry").at(1)->text(), id.text());
    EXPECT_EQ(text_of(domain.child("os")->child("nvram")),
              "<nvram template='/t.fd'>/data/tests/t/v/nvram.fd</nvram>");
}

TEST(Isolation, AdaptersKeepWhatTheGuestSeesAndLoseWhereTheyLed) {
    const XmlElement by_group = copy(by_multicast());
    const auto adapters = by_group.child("devices")->children("interface");
    ASSERT_EQ(adapters.size(), 2u);
    EXPECT_EQ(text_of(adapters[0]),
              "<interface type='mcast'><mac address='52:54:00:00:00:01'/><model type='virtio'/>"
              "<boot order='2'/><address type='pci' slot='0x03'/>"
              "<source address='239.1.2.3' port='50000'/></interface>");
    EXPECT_EQ(text_of(adapters[1]),
              "<interface type='mcast'><mac address='52:54:00:00:00:02'/>"
              "<source address='239.1.2.3' port='50000'/></interface>");
    const XmlElement by_network = copy({"quiet", "", 0, "/data"});
    EXPECT_EQ(text_of(by_network.child("devices")->children("interface").at(1)),
              "<interface type='network'><mac address='52:54:00:00:00:02'/>"
              "<source network='quiet'/></interface>");
}

TEST(Isolation, WhatWouldBeSharedIsItsOwnOrNothing) {
    const XmlElement domain = copy(by_multicast());
    const XmlElement& devices = *domain.child("devices");
    const auto lines = devices.children("serial");
    EXPECT_EQ(text_of(lines.at(0)),
              "<serial type='file'><target port='0'/><source "
              "path='/data/tests/t/v/serial0.log' append='on'/></serial>");
    EXPECT_EQ(text_of(lines.at(1)), "<serial type='null'/>");
    EXPECT_EQ(text_of(devices.child("console")), "<console type='pty'/>");
    const auto channels = devices.children("channel");
    EXPECT_EQ(text_of(channels.at(0)),
              "<channel type='unix'><target type='virtio' name='a'/></channel>");
    EXPECT_EQ(text_of(channels.at(1)),
              "<channel type='null'><target type='virtio' name='b'/></channel>");
    EXPECT_EQ(text_of(devices.child("graphics")),
              "<graphics type='vnc' autoport='yes'><listen type='socket'/></graphics>");
    EXPECT_EQ(text_of(devices.child("vsock")), "<vsock><cid auto='yes'/></vsock>");
    EXPECT_NE(devices.children("disk").at(1)->child("readonly"), nullptr);
}

TEST(Isolation, WhatIsTheHostsIsLeftOut) {
    const XmlElement domain = copy(by_multicast());
    const XmlElement& devices = *domain.child("devices");
    for (const char* kind : {"hostdev", "filesystem", "shmem", "tpm", "rng"})
        EXPECT_EQ(devices.child(kind), nullptr) << kind;
    EXPECT_EQ(devices.children("input").size(), 1u);
    EXPECT_EQ(devices.children("disk").size(), 2u);
    EXPECT_EQ(domain.child("qemu:commandline"), nullptr);
}

TEST(Isolation, RefusesWhatIsNoDomain) {
    try {
        isolated_copy("<network/>", id, "x", by_multicast());
        FAIL() << "no error";
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), Code::invalid_parameter);
    }
}

}  // namespace
}  // namespace reviver::hypervisor
