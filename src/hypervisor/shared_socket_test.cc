#include "hypervisor/shared_socket.h"

#include "hypervisor/domain_xml.h"

#include <gtest/gtest.h>

namespace reviver::hypervisor {
namespace {

const VmId vm(Uuid::parse("aaaaaaaa-1111-2222-3333-444444444444").value());
const VmId other(Uuid::parse("bbbbbbbb-1111-2222-3333-444444444444").value());
const VmId disk(Uuid::parse("dddddddd-1111-2222-3333-444444444444").value());

std::string domain_with(const std::string& element, VmId id = vm) {
    return "<domain type='qemu'><name>a</name><uuid>" + id.text() + "</uuid><devices>" + element +
           "</devices></domain>";
}

TEST(SharedSocket, TheElementOfADiskIsReadAsThatDisk) {
    const DomainXml xml(domain_with(shared_disk_element("/srv/a", disk, vm, "vdc")));
    const auto disks = xml.disks();
    ASSERT_EQ(disks.size(), 1u);
    EXPECT_EQ(disks[0].target, "vdc");
    EXPECT_EQ(disks[0].shared, disk);
    EXPECT_EQ(disks[0].source, shared_disk_socket("/srv/a", disk).string());
    EXPECT_FALSE(disks[0].read_only);
}

TEST(SharedSocket, ADefinitionCopiedForAnotherVmDoesNotPassForItsOwn) {
    const DomainXml copied(domain_with(shared_disk_element("/srv/a", disk, vm, "vdc"), other));
    EXPECT_FALSE(copied.disks()[0].shared.has_value());
    EXPECT_EQ(copied.disks()[0].source, "");
}

TEST(SharedSocket, OtherNbdServersAreNoneOfOurs) {
    const auto at = [](const sys::Path& socket) {
        return shared_disk_of(socket, shared_disk_export(vm), vm);
    };
    EXPECT_EQ(at("/x/shared/" + disk.text() + "/nbd"), disk);
    EXPECT_FALSE(at("/x/shared/quorum/nbd").has_value());
    EXPECT_FALSE(at("/x/disks/" + disk.text() + "/nbd").has_value());
    EXPECT_FALSE(at("/x/shared/" + disk.text() + "/qmp").has_value());
    EXPECT_FALSE(at("").has_value());
}

TEST(SharedSocket, AtAnotherSiteTheVmIsGivenThatSitesSocket) {
    DomainXml xml(domain_with(shared_disk_element("/srv/a", disk, vm, "vdc")));
    xml.set_disk_socket("vdc", shared_disk_socket("/srv/b", disk).string());
    const auto moved = DomainXml(xml.text()).disks();
    EXPECT_EQ(moved[0].source, shared_disk_socket("/srv/b", disk).string());
    EXPECT_EQ(moved[0].shared, disk);
}

}  // namespace
}  // namespace reviver::hypervisor
