// What the network adapters of a VM are to have after a failover. Kept at the site where the
// failover will be made, and shown; setting the addresses in the guest is its administrator's work.
#pragma once

#include "model/names.h"
#include "state/repository.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::replication {

struct AdapterSettings {
    std::string adapter;            // what the caller names it by; unique in the VM
    std::uint16_t protocol = 4096;  // 4096 IPv4, 4097 IPv6, 4098 both
    bool dhcp = true;
    std::vector<std::string> addresses;
    std::vector<std::string> subnets;
    std::vector<std::string> gateways;
    std::vector<std::string> dns_servers;

    bool operator==(const AdapterSettings&) const = default;
};

// Any task may call.
class FailoverNetwork {
  public:
    explicit FailoverNetwork(state::Repository& repository) : repository_(repository) {}

    std::vector<AdapterSettings> of(VmId vm);
    // Instead of those before. Code::invalid_parameter for too many, for an adapter named twice,
    // and for addresses that are none.
    void set(VmId vm, const std::vector<AdapterSettings>& adapters);

  private:
    state::Repository& repository_;
};

}  // namespace reviver::replication
