#include "hypervisor/libvirt_networks.h"

#include "hypervisor/libvirt_error.h"
#include "hypervisor/xml.h"

#include <libvirt/virterror.h>

#include <cstdlib>
#include <string_view>

namespace reviver::hypervisor {

namespace {

struct FreeNetwork {
    void operator()(virNetworkPtr network) const { virNetworkFree(network); }
};
using NetworkHandle = std::unique_ptr<virNetwork, FreeNetwork>;

// No <forward> and no <ip>: the bridge has no way out, and the host no address on it. libvirt
// chooses the bridge's name.
std::string isolated_network_xml(const std::string& name) {
    XmlElement network;
    network.name = "network";
    network.child_or_new("name").set_text(name);
    return write_xml(network);
}

class LibvirtNetworks : public Networks {
  public:
    explicit LibvirtNetworks(std::function<std::shared_ptr<virConnect>()> connection)
        : connection_(std::move(connection)) {}

    void make_isolated(const std::string& name) override {
        NetworkHandle network = find(name);
        if (network == nullptr) {
            const std::string xml = isolated_network_xml(name);
            network.reset(virNetworkDefineXML(connection_().get(), xml.c_str()));
            if (network == nullptr) fail_libvirt("defining the network " + name);
        }
        if (virNetworkIsActive(network.get()) != 1 && virNetworkCreate(network.get()) < 0)
            fail_libvirt("starting the network " + name);
        if (virNetworkSetAutostart(network.get(), 1) < 0)
            fail_libvirt("setting the automatic start of the network " + name);
    }

    void remove(const std::string& name) override {
        const NetworkHandle network = find(name);
        if (network == nullptr) return;
        if (virNetworkIsActive(network.get()) == 1 && virNetworkDestroy(network.get()) < 0)
            fail_libvirt("stopping the network " + name);
        if (virNetworkUndefine(network.get()) < 0) fail_libvirt("undefining the network " + name);
    }

  private:
    // Null when there is none.
    NetworkHandle find(const std::string& name) {
        NetworkHandle network(virNetworkLookupByName(connection_().get(), name.c_str()));
        if (network == nullptr && virGetLastErrorCode() != VIR_ERR_NO_NETWORK)
            fail_libvirt("looking for the network " + name);
        return network;
    }

    std::function<std::shared_ptr<virConnect>()> connection_;
};

bool is_session(virConnectPtr connection) {
    const std::unique_ptr<char, void (*)(void*)> uri(virConnectGetURI(connection), std::free);
    return uri != nullptr && std::string_view(uri.get()).find("/session") != std::string_view::npos;
}

}  // namespace

std::unique_ptr<Networks> libvirt_networks(
    std::function<std::shared_ptr<virConnect>()> connection) {
    const auto connected = connection();
    if (is_session(connected.get()) || virConnectNumOfNetworks(connected.get()) < 0) return nullptr;
    return std::make_unique<LibvirtNetworks>(std::move(connection));
}

}  // namespace reviver::hypervisor
