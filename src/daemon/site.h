// A running site: everything that the configuration names, built in order and taken down in the
// reverse one.
//
//   state, store, hypervisor  ->  engine  ->  peer door (other sites), management door (people)
//
// The doors open last and close first: nobody is let in before the engine is whole, and the engine
// goes down when nobody is left to ask it. Virtual machines run on.
#pragma once

#include "site/config.h"

#include <cstdint>
#include <memory>

namespace reviver::daemon {

class Site {
  public:
    // Error when any of it cannot be had; what was started is taken down again.
    explicit Site(const site::Config& config);
    ~Site();
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    // The one part of the configuration that may change while the site runs.
    void set_policy(const SitePolicy& policy);

    std::uint16_t peer_port() const;
    std::uint16_t management_port() const;

    // Now, and not with the next login, so that the audit log has what changed.
    void look_at_accounts();

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace reviver::daemon
