#include "hypervisor/isolation.h"

#include "hypervisor/domain_xml.h"
#include "hypervisor/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

namespace reviver::hypervisor {

namespace {

template <std::size_t N>
bool is_one_of(const std::string& name, const std::array<std::string_view, N>& names) {
    return std::ranges::find(names, name) != names.end();
}

// What an adapter is for the guest; everything else says what it is for the host.
constexpr std::array<std::string_view, 8> kept_of_adapters = {"mac",     "model", "link",  "rom",
                                                              "address", "boot",  "alias", "acpi"};
// Which of a VM's devices are its own. What is not named here may be the host's.
constexpr std::array<std::string_view, 22> own_devices = {
    "emulator", "disk",     "controller", "interface", "serial", "parallel",   "console", "channel",
    "input",    "graphics", "video",      "audio",     "sound",  "memballoon", "rng",     "tpm",
    "watchdog", "panic",    "hub",        "vsock",     "iommu",  "memory"};
constexpr std::array<std::string_view, 3> harmless_ends = {"pty", "null", "vc"};
constexpr std::array<std::string_view, 4> harmless_channels = {"null", "spicevmc", "spiceport",
                                                               "qemu-vdagent"};

void remove_children_if(XmlElement& parent,
                        const std::function<bool(const XmlElement&)>& condition) {
    parent.inside.remove_if([&](const XmlElement::Node& node) {
        return !node.element.empty() && condition(node.element.front());
    });
}

XmlElement source(std::vector<std::pair<std::string, std::string>> attributes) {
    XmlElement result;
    result.name = "source";
    result.attributes = std::move(attributes);
    return result;
}

void attach(XmlElement& adapter, const Isolation& isolation) {
    remove_children_if(adapter, [](const auto& e) { return !is_one_of(e.name, kept_of_adapters); });
    adapter.attributes.clear();
    if (!isolation.network.empty()) {
        adapter.set_attribute("type", "network");
        adapter.append(source({{"network", isolation.network}}));
        return;
    }
    adapter.set_attribute("type", "mcast");
    adapter.append(source({{"address", isolation.multicast_address},
                           {"port", std::to_string(isolation.multicast_port)}}));
}

// A serial line, a parallel port, a console.
void turn_line(XmlElement& line, const std::filesystem::path& file) {
    const std::string type = line.attribute("type");
    remove_children_if(line, [](const auto& e) {
        return e.name != "target" && e.name != "address" && e.name != "alias";
    });
    if (type == "file") {
        line.append(source({{"path", file.string()}, {"append", "on"}}));
    } else if (!is_one_of(type, harmless_ends)) {
        line.set_attribute("type", "null");
    }
}

void turn_lines(XmlElement& devices, const std::filesystem::path& directory) {
    for (const char* kind : {"serial", "parallel", "console"}) {
        int number = 0;
        for (XmlElement* line : devices.children(kind)) {
            turn_line(*line, directory / fmt::format("{}{}.log", kind, number++));
        }
    }
}

// libvirt makes up the socket of a channel that names none.
void turn_channel(XmlElement& channel) {
    const std::string type = channel.attribute("type");
    if (is_one_of(type, harmless_channels)) return;
    if (type != "unix") channel.set_attribute("type", "null");
    for (const char* part : {"source", "protocol", "log", "reconnect"})
        channel.remove_children(part);
}

void choose_ports_anew(XmlElement& display) {
    const bool has_ports = !display.attribute("port").empty() ||
                           !display.attribute("tlsPort").empty() ||
                           !display.attribute("websocket").empty();
    for (const char* port : {"port", "tlsPort", "websocket", "socket"})
        display.remove_attribute(port);
    if (has_ports) display.set_attribute("autoport", "yes");
    for (XmlElement* listen : display.children("listen")) listen->remove_attribute("socket");
}

bool is_the_hosts(const XmlElement& device) {
    if (!is_one_of(device.name, own_devices)) return true;
    if (device.name == "disk") return device.attribute("device") == "lun";
    if (device.name == "input")
        return device.attribute("type") == "passthrough" || device.attribute("type") == "evdev";
    if (device.name == "memory") {
        const XmlElement* file = device.child("source");
        return file != nullptr && file->child("path") != nullptr;
    }
    const XmlElement* backend = device.child("backend");
    if (device.name == "tpm") return backend == nullptr || backend->attribute("type") != "emulator";
    if (device.name == "rng") return backend != nullptr && backend->attribute("model") == "egd";
    return false;
}

void isolate_devices(XmlElement& devices, const Isolation& isolation) {
    remove_children_if(devices, is_the_hosts);
    for (XmlElement* adapter : devices.children("interface")) attach(*adapter, isolation);
    turn_lines(devices, isolation.directory);
    for (XmlElement* channel : devices.children("channel")) turn_channel(*channel);
    for (XmlElement* display : devices.children("graphics")) choose_ports_anew(*display);
    for (XmlElement* disk : devices.children("disk")) {
        if (disk->attribute("device") == "floppy") disk->child_or_new("readonly");
    }
    for (XmlElement* socket : devices.children("vsock")) {
        XmlElement& cid = socket->child_or_new("cid");
        cid.attributes = {{"auto", "yes"}};
    }
}

// libvirt wants the id in the firmware's tables to be the domain's.
void tell_firmware(XmlElement& domain, VmId id) {
    for (XmlElement* info : domain.children("sysinfo")) {
        for (XmlElement* system : info->children("system")) {
            for (XmlElement* entry : system->children("entry")) {
                if (entry->attribute("name") == "uuid") entry->set_text(id.text());
            }
        }
    }
}

void own_variables(XmlElement& domain, const std::filesystem::path& directory) {
    XmlElement* os = domain.child("os");
    XmlElement* variables = os == nullptr ? nullptr : os->child("nvram");
    if (variables == nullptr) return;
    const std::string template_file = variables->attribute("template");
    variables->attributes.clear();
    if (!template_file.empty()) variables->set_attribute("template", template_file);
    variables->set_text((directory / "nvram.fd").string());
}

}  // namespace

std::string isolated_copy(std::string_view definition, VmId id, const std::string& name,
                          const Isolation& isolation) {
    DomainXml named(definition);
    named.set_id(id);
    named.set_name(name);
    XmlElement domain = parse_xml(named.text());
    domain.remove_children("qemu:commandline");
    // To a guest that goes by it a copy says that it is one: libvirt makes up another.
    if (XmlElement* generation = domain.child("genid")) generation->inside.clear();
    tell_firmware(domain, id);
    own_variables(domain, isolation.directory);
    isolate_devices(domain.child_or_new("devices"), isolation);
    return write_xml(domain);
}

}  // namespace reviver::hypervisor
