#include "hypervisor/domain_xml.h"

#include "base/error.h"
#include "hypervisor/shared_socket.h"

#include <algorithm>

namespace reviver::hypervisor {

namespace {

// The prefix "ua-" marks an alias as the user's own: libvirt keeps it in the definition.
constexpr const char* lock_alias = "ua-reviver-lock";
// Far from what anybody gives a disk, and still a name that libvirt takes.
constexpr const char* lock_target = "vdzz";

XmlElement element(std::string name, std::vector<std::pair<std::string, std::string>> attributes) {
    XmlElement result;
    result.name = std::move(name);
    result.attributes = std::move(attributes);
    return result;
}

std::string attribute_of_child(const XmlElement& parent, std::string_view child,
                               std::string_view attribute) {
    const XmlElement* found = parent.child(child);
    return found == nullptr ? std::string() : found->attribute(attribute);
}

bool is_lock(const XmlElement& disk) {
    return attribute_of_child(disk, "alias", "name") == lock_alias;
}

std::string source_of(const XmlElement& disk) {
    const std::string type = disk.attribute("type");
    if (type == "file") return attribute_of_child(disk, "source", "file");
    if (type == "block") return attribute_of_child(disk, "source", "dev");
    return {};
}

std::string nbd_socket_of(const XmlElement& disk) {
    const XmlElement* source = disk.child("source");
    if (source == nullptr || disk.attribute("type") != "network") return {};
    if (source->attribute("protocol") != "nbd") return {};
    return attribute_of_child(*source, "host", "socket");
}

// Which of the disks that storage daemons serve it is; nothing for other people's NBD servers.
std::optional<VmId> shared_behind(const XmlElement& disk, VmId vm) {
    const std::string socket = nbd_socket_of(disk);
    if (socket.empty()) return std::nullopt;
    return shared_disk_of(socket, attribute_of_child(disk, "source", "name"), vm);
}

Disk disk_of(const XmlElement& from) {
    Disk disk;
    disk.target = attribute_of_child(from, "target", "dev");
    disk.alias = attribute_of_child(from, "alias", "name");
    disk.source = source_of(from);
    disk.format = attribute_of_child(from, "driver", "type");
    if (disk.format.empty()) disk.format = "raw";
    disk.read_only = from.child("readonly") != nullptr;
    disk.shareable = from.child("shareable") != nullptr;
    disk.block_device = from.attribute("type") == "block";
    return disk;
}

VmId id_in(const XmlElement& domain) {
    const XmlElement* uuid = domain.child("uuid");
    return uuid == nullptr ? VmId() : VmId::parse(uuid->text()).value_or(VmId());
}

bool is_hard_disk(const XmlElement& disk) {
    const std::string device = disk.attribute("device");
    return device.empty() || device == "disk";
}

}  // namespace

DomainXml::DomainXml(std::string_view text) : root_(parse_xml(text)) {
    if (root_.name != "domain" || root_.child("name") == nullptr) {
        fail(Code::invalid_parameter, "the XML is no domain definition: it has no <domain><name>");
    }
}

VmId DomainXml::id() const {
    if (const VmId id = id_in(root_); !id.is_none()) return id;
    fail(Code::invalid_parameter, "the domain definition of '{}' has no valid <uuid>", name());
}

std::string DomainXml::name() const {
    return root_.child("name")->text();
}

void DomainXml::set_name(const std::string& name) {
    root_.child_or_new("name").set_text(name);
}

void DomainXml::set_id(VmId id) {
    const VmId before = id_in(root_);
    for (XmlElement* disk : devices().children("disk"))
        if (shared_behind(*disk, before))
            disk->child("source")->set_attribute("name", shared_disk_export(id));
    root_.child_or_new("uuid").set_text(id.text());
}

XmlElement& DomainXml::devices() {
    return root_.child_or_new("devices");
}

std::vector<const XmlElement*> DomainXml::all_disks() const {
    const XmlElement* devices = root_.child("devices");
    return devices == nullptr ? std::vector<const XmlElement*>() : devices->children("disk");
}

std::vector<Disk> DomainXml::disks() const {
    std::vector<Disk> result;
    for (const XmlElement* disk : all_disks()) {
        if (!is_hard_disk(*disk) || is_lock(*disk)) continue;
        result.push_back(disk_of(*disk));
        result.back().shared = shared_behind(*disk, id_in(root_));
        if (result.back().shared) result.back().source = nbd_socket_of(*disk);
    }
    return result;
}

bool DomainXml::agent_connected() const {
    const XmlElement* devices = root_.child("devices");
    if (devices == nullptr) return false;
    for (const XmlElement* channel : devices->children("channel")) {
        if (attribute_of_child(*channel, "target", "name") == "org.qemu.guest_agent.0")
            return attribute_of_child(*channel, "target", "state") == "connected";
    }
    return false;
}

XmlElement& DomainXml::disk(const std::string& target) {
    for (XmlElement* disk : devices().children("disk")) {
        if (attribute_of_child(*disk, "target", "dev") == target) return *disk;
    }
    fail(Code::not_found, "'{}' has no disk {}", name(), target);
}

void DomainXml::set_disk(const std::string& target, const std::string& path,
                         const std::string& format) {
    XmlElement& edited = disk(target);
    edited.set_attribute("type", "file");
    edited.remove_children("backingStore");
    edited.remove_children("mirror");
    XmlElement& driver = edited.child_or_new("driver");
    driver.set_attribute("name", "qemu");
    driver.set_attribute("type", format);
    edited.remove_children("source");
    edited.append(element("source", {{"file", path}}));
}

void DomainXml::set_disk_socket(const std::string& target, const std::string& socket) {
    XmlElement& edited = disk(target);
    if (nbd_socket_of(edited).empty())
        fail(Code::invalid_parameter, "disk {} of '{}' is not served by a storage daemon", target,
             name());
    edited.child("source")->child("host")->set_attribute("socket", socket);
}

void DomainXml::remove_disk(const std::string& target) {
    devices().remove(disk(target));
}

void DomainXml::let_media_be_missing() {
    for (XmlElement* disk : devices().children("disk")) {
        XmlElement* source = disk->child("source");
        if (is_hard_disk(*disk) || source == nullptr || disk->attribute("type") != "file") continue;
        source->set_attribute("startupPolicy", "optional");
    }
}

std::vector<std::string> DomainXml::mac_addresses() const {
    std::vector<std::string> result;
    const XmlElement* devices = root_.child("devices");
    if (devices == nullptr) return result;
    for (const XmlElement* interface : devices->children("interface")) {
        std::string mac = attribute_of_child(*interface, "mac", "address");
        if (!mac.empty()) result.push_back(std::move(mac));
    }
    return result;
}

const XmlElement* DomainXml::interface_with(const std::string& mac) const {
    const XmlElement* devices = root_.child("devices");
    if (devices == nullptr || mac.empty()) return nullptr;
    for (const XmlElement* interface : devices->children("interface")) {
        if (attribute_of_child(*interface, "mac", "address") == mac) return interface;
    }
    return nullptr;
}

void DomainXml::settle_at_site(const DomainXml* local) {
    devices().remove_children("emulator");
    if (local == nullptr) return;
    const XmlElement* local_devices = local->root_.child("devices");
    if (local_devices == nullptr) return;
    if (const XmlElement* emulator = local_devices->child("emulator")) devices().append(*emulator);
    for (XmlElement* interface : devices().children("interface")) {
        const XmlElement* own =
            local->interface_with(attribute_of_child(*interface, "mac", "address"));
        if (own == nullptr) continue;
        interface->set_attribute("type", own->attribute("type"));
        for (const char* part : {"source", "virtualport", "link"}) {
            interface->remove_children(part);
            if (const XmlElement* local_part = own->child(part)) interface->append(*local_part);
        }
    }
}

const XmlElement* DomainXml::lock_disk() const {
    const auto disks = all_disks();
    const auto found = std::ranges::find_if(disks, [](const auto* disk) { return is_lock(*disk); });
    return found == disks.end() ? nullptr : *found;
}

bool DomainXml::locked() const {
    return lock_disk() != nullptr;
}

std::string DomainXml::lock_file() const {
    const XmlElement* lock = lock_disk();
    return lock == nullptr ? std::string() : source_of(*lock);
}

void DomainXml::lock(const std::string& file) {
    unlock();
    XmlElement& lock = devices().append(element("disk", {{"type", "file"}, {"device", "disk"}}));
    lock.append(element("driver", {{"name", "qemu"}, {"type", "raw"}}));
    lock.append(element("source", {{"file", file}}));
    lock.append(element("target", {{"dev", lock_target}, {"bus", "virtio"}}));
    lock.append(element("readonly", {}));
    lock.append(element("alias", {{"name", lock_alias}}));
}

void DomainXml::unlock() {
    if (const XmlElement* lock = lock_disk()) devices().remove(*lock);
}

}  // namespace reviver::hypervisor
