#include "hypervisor/shared_socket.h"

#include "hypervisor/xml.h"

namespace reviver::hypervisor {

namespace {

constexpr const char* folder = "shared";
constexpr const char* socket_name = "nbd";
constexpr std::size_t short_length = 8;

XmlElement element(std::string name, std::vector<std::pair<std::string, std::string>> attributes) {
    XmlElement result;
    result.name = std::move(name);
    result.attributes = std::move(attributes);
    return result;
}

}  // namespace

sys::Path shared_disk_directory(const sys::Path& data, VmId disk) {
    return data / folder / disk.text();
}

sys::Path shared_disk_socket(const sys::Path& data, VmId disk) {
    return shared_disk_directory(data, disk) / socket_name;
}

std::string shared_disk_export(VmId vm) {
    return vm.text().substr(0, short_length);
}

std::optional<VmId> shared_disk_of(const sys::Path& socket, const std::string& export_name,
                                   VmId vm) {
    const sys::Path directory = socket.parent_path();
    if (socket.filename() != socket_name || directory.parent_path().filename() != folder)
        return std::nullopt;
    if (export_name != shared_disk_export(vm)) return std::nullopt;
    return VmId::parse(directory.filename().string());
}

std::string shared_disk_element(const sys::Path& data, VmId disk, VmId vm,
                                const std::string& target) {
    XmlElement result = element("disk", {{"type", "network"}, {"device", "disk"}});
    result.append(element("driver", {{"name", "qemu"},
                                     {"type", "raw"},
                                     {"cache", "none"},
                                     {"error_policy", "stop"},
                                     {"rerror_policy", "stop"},
                                     {"discard", "unmap"}}));
    XmlElement source = element("source", {{"protocol", "nbd"}, {"name", shared_disk_export(vm)}});
    source.append(element(
        "host", {{"transport", "unix"}, {"socket", shared_disk_socket(data, disk).string()}}));
    result.append(source);
    result.append(element("target", {{"dev", target}, {"bus", "virtio"}}));
    return write_xml(result);
}

}  // namespace reviver::hypervisor
