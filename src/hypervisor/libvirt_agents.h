// Guest agents by way of libvirt, which keeps the channel and knows whether anybody is at its other
// end.
#pragma once

#include "hypervisor/guest_agents.h"

#include <libvirt/libvirt.h>

#include <functional>
#include <memory>
#include <string>

namespace reviver::hypervisor {

class LibvirtAgents : public GuestAgents {
  public:
    using Find = std::function<std::shared_ptr<virDomain>(VmId)>;
    explicit LibvirtAgents(Find find) : find_(std::move(find)) {}

    bool connected(VmId id) override;
    unsigned freeze(VmId id, std::chrono::seconds patience) override;
    unsigned thaw(VmId id, std::chrono::seconds patience) override;
    void ask_to_shut_down(VmId id) override;

  private:
    void ask(virDomainPtr domain, const std::string& question);
    unsigned count(VmId id, const std::string& command, std::chrono::seconds patience);

    const Find find_;
};

}  // namespace reviver::hypervisor
