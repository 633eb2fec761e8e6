// The guest agents of a simulated host, and what a site asks of them around a cut: in the order and
// with the record of capture's Freezer. A guest may refuse, or its hook may hang: then its freeze
// comes about when nobody waits for it any more. The process may die between any two guests.
#pragma once

#include "replication/machines.h"
#include "sim/engine_mutant.h"
#include "sim/hypervisor.h"
#include "sys/world.h"

#include <functional>
#include <memory>
#include <vector>

namespace reviver::sim {

class ModelAgents {
  public:
    // Thaws whom an earlier life of the site left frozen.
    ModelAgents(sys::World& world, Hypervisor& hypervisor, Prng prng,
                const std::uint64_t& troubled_one_in, EngineMutant mutant);

    // Who could not be frozen; none: all that run are.
    std::vector<replication::VmFailure> freeze(const std::vector<VmId>& vms,
                                               const std::function<bool()>& stopped);
    // Returns when those that were frozen are thawed; the others are asked behind, until they are.
    void thaw(const std::vector<VmId>& vms);
    bool all_frozen(
        const std::vector<VmId>& vms);  // of those that run; what is so, not what is known

  private:
    bool freeze_one(VmId vm, const std::function<bool()>& stopped);
    bool thaw_one(VmId vm);
    void thaw_until_done(VmId vm);
    void pause(std::uint64_t most_ms);

    sys::World& world_;
    Hypervisor& hypervisor_;
    Prng prng_;
    const std::uint64_t& troubled_one_in_;
    const EngineMutant mutant_;
    std::vector<std::unique_ptr<sys::Task>> thawing_;
    bool stopping_ = false;
    struct Stop {
        bool& stopping;
        ~Stop() { stopping = true; }
    } stop_{stopping_};  // goes first
};

}  // namespace reviver::sim
