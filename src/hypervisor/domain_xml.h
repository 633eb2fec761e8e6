// A libvirt domain definition that is read and edited; what is not touched stays as it was. Format:
// libvirt's "Domain XML format".
//
// Errors: Code::invalid_parameter for text that is no domain definition, Code::not_found for a disk
// that it does not have.
#pragma once

#include "hypervisor/hypervisor.h"
#include "hypervisor/xml.h"

#include <string>
#include <string_view>
#include <vector>

namespace reviver::hypervisor {

class DomainXml {
  public:
    explicit DomainXml(std::string_view text);
    std::string text() const { return write_xml(root_); }

    VmId id() const;
    std::string name() const;
    void set_name(const std::string& name);
    void set_id(VmId id);

    // Those with device='disk', without the one that locks the domain.
    std::vector<Disk> disks() const;
    // Lets the disk read and write another image; a backing chain that the definition names is
    // dropped, the image knows its own.
    void set_disk(const std::string& target, const std::string& path, const std::string& format);
    // Lets a disk that a storage daemon serves be reached through another socket.
    void set_disk_socket(const std::string& target, const std::string& socket);
    void remove_disk(const std::string& target);

    // Of a running VM: the guest has opened its end of the guest agent's channel.
    bool agent_connected() const;

    std::vector<std::string> mac_addresses() const;  // of its network interfaces, in their order

    // Takes over from `local`, this site's own definition of the VM, what belongs to a site: to
    // which network an interface with the same MAC address is attached, and the emulator. Without a
    // local one the emulator is left to libvirt's choice.
    void settle_at_site(const DomainXml* local);
    // A CD or floppy whose medium is not on this host becomes an empty drive at start instead of
    // keeping the domain from starting.
    void let_media_be_missing();

    // The lock against starting: a disk whose file is not there, and whose name says why. libvirt
    // names the file in its refusal.
    bool locked() const;
    std::string lock_file() const;  // "" when not locked
    void lock(const std::string& file);
    void unlock();

  private:
    XmlElement& devices();
    const XmlElement* interface_with(const std::string& mac) const;
    std::vector<const XmlElement*> all_disks() const;
    XmlElement& disk(const std::string& target);
    const XmlElement* lock_disk() const;

    XmlElement root_;
};

}  // namespace reviver::hypervisor
