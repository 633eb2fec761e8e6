#include "replication/failover_network.h"

#include "base/error.h"
#include "replication/json_text.h"
#include "replication/limits.h"

#include <arpa/inet.h>

#include <array>
#include <set>

namespace reviver::replication {

namespace {

constexpr const char* kind = "failover_network";
constexpr std::uint16_t ipv4 = 4096;
constexpr std::uint16_t both = 4098;

bool is_address(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

void require_addresses(const char* name, const std::vector<std::string>& texts) {
    if (texts.size() > limits::adapter_addresses_max) {
        fail(Code::invalid_parameter, "{} has {} entries; allowed are {}", name, texts.size(),
             limits::adapter_addresses_max);
    }
    for (const std::string& text : texts) {
        if (!is_address(text)) {
            fail(Code::invalid_parameter, "{} has '{}', which is no IP address", name, text);
        }
    }
}

// The mask of an IPv4 subnet, or the length of an IPv6 prefix.
void require_subnets(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
        const bool length = !text.empty() && text.size() <= 3 &&
                            text.find_first_not_of("0123456789") == std::string::npos &&
                            std::stoi(text) <= 128;
        if (!length && !is_address(text)) {
            fail(Code::invalid_parameter, "Subnets has '{}', which is no mask or prefix length",
                 text);
        }
    }
}

void validate(const AdapterSettings& s) {
    require_name("the InstanceID of an adapter", s.adapter);
    if (s.protocol < ipv4 || s.protocol > both) {
        fail(Code::invalid_parameter, "ProtocolIFType is {}; allowed is 4096, 4097 or 4098",
             s.protocol);
    }
    require_addresses("IPAddresses", s.addresses);
    require_addresses("DefaultGateways", s.gateways);
    require_addresses("DNSServers", s.dns_servers);
    require_subnets(s.subnets);
    if (!s.dhcp && s.addresses.empty()) {
        fail(Code::invalid_parameter, "without DHCPEnabled an adapter needs IPAddresses");
    }
    if (s.subnets.size() != s.addresses.size()) {
        fail(Code::invalid_parameter,
             "IPAddresses has {} entries and Subnets {}; one belongs to "
             "each",
             s.addresses.size(), s.subnets.size());
    }
}

json::object adapter_json(const AdapterSettings& s) {
    return {{"adapter", s.adapter},
            {"protocol", s.protocol},
            {"dhcp", s.dhcp},
            {"addresses", texts_json(s.addresses)},
            {"subnets", texts_json(s.subnets)},
            {"gateways", texts_json(s.gateways)},
            {"dns_servers", texts_json(s.dns_servers)}};
}

}  // namespace

std::vector<AdapterSettings> FailoverNetwork::of(VmId vm) {
    std::vector<AdapterSettings> result;
    const auto text = repository_.get(kind, vm.text());
    if (!text) return result;
    const json::value value = parse_document(*text);
    Reader(value.get_object()).each("adapters", [&](const Reader& in) {
        result.push_back({in.text("adapter"), in.number<std::uint16_t>("protocol"), in.flag("dhcp"),
                          in.texts("addresses"), in.texts("subnets"), in.texts("gateways"),
                          in.texts("dns_servers")});
    });
    return result;
}

void FailoverNetwork::set(VmId vm, const std::vector<AdapterSettings>& adapters) {
    if (adapters.size() > limits::adapters_max) {
        fail(Code::invalid_parameter, "{} adapters are given; allowed are {}", adapters.size(),
             limits::adapters_max);
    }
    std::set<std::string> names;
    json::array list;
    for (const AdapterSettings& adapter : adapters) {
        validate(adapter);
        if (!names.insert(adapter.adapter).second) {
            fail(Code::invalid_parameter, "the adapter '{}' is given twice", adapter.adapter);
        }
        list.push_back(adapter_json(adapter));
    }
    repository_.put(kind, vm.text(), json::serialize(json::object{{"adapters", std::move(list)}}));
}

}  // namespace reviver::replication
