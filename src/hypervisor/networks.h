// Networks of this host, as libvirt keeps them.
//
// Errors: as in hypervisor.h.
#pragma once

#include <string>

namespace reviver::hypervisor {

class Networks {
  public:
    virtual ~Networks() = default;
    // A network that joins who is attached to it and leads nowhere: no way out, no address of the
    // host, nobody who gives addresses. It is started again with the host. Idempotent.
    virtual void make_isolated(const std::string& name) = 0;
    // Cuts off who is attached. Idempotent.
    virtual void remove(const std::string& name) = 0;
};

}  // namespace reviver::hypervisor
