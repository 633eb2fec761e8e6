// A transport without protection: each end states its identity in its first bytes and is believed.
// For the simulator and for tests; a daemon never uses it. Preamble, both ways: "RVPLAIN1", then
// the 32 bytes of a fingerprint.
#pragma once

#include "sys/world.h"
#include "wire/bandwidth.h"
#include "wire/transport.h"

#include <memory>

namespace reviver::wire {

class PlainTransport : public Transport {
  public:
    PlainTransport(sys::World& world, const Fingerprint& self,
                   std::shared_ptr<BandwidthLimit> limit = nullptr);

    std::unique_ptr<Channel> connect(const sys::Endpoint& to, const Fingerprint& expected,
                                     sys::MonoTime deadline,
                                     std::shared_ptr<BandwidthLimit> own = nullptr) override;
    std::unique_ptr<Channel> accept(std::shared_ptr<sys::Stream> stream,
                                    sys::MonoTime deadline) override;

  private:
    std::unique_ptr<Channel> exchange(std::shared_ptr<sys::Stream> stream, BandwidthLimits limits,
                                      sys::MonoTime deadline);

    sys::World& world_;
    Fingerprint self_;
    BandwidthLimits limits_;
};

}  // namespace reviver::wire
