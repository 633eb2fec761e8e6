#include "sim/model_agents.h"

#include "base/error.h"

namespace reviver::sim {

namespace {

using namespace std::chrono_literals;

constexpr sys::Duration freeze_patience = 20s;

}  // namespace

ModelAgents::ModelAgents(sys::World& world, Hypervisor& hypervisor, Prng prng,
                         const std::uint64_t& troubled_one_in, EngineMutant mutant)
    : world_(world),
      hypervisor_(hypervisor),
      prng_(prng),
      troubled_one_in_(troubled_one_in),
      mutant_(mutant) {
    for (const VmId vm : hypervisor_.asked_to_freeze()) thaw_until_done(vm);
}

void ModelAgents::pause(std::uint64_t most_ms) {
    world_.clock.sleep_until(world_.clock.after(std::chrono::milliseconds(prng_.below(most_ms))));
}

bool ModelAgents::all_frozen(const std::vector<VmId>& vms) {
    for (const VmId id : vms) {
        const HostVm& vm = hypervisor_.vm(id);
        if (vm.running && !vm.frozen) return false;
    }
    return true;
}

bool ModelAgents::freeze_one(VmId id, const std::function<bool()>& stopped) {
    HostVm& vm = hypervisor_.vm(id);
    hypervisor_.asked_to_freeze().insert(id);
    pause(20);
    if (!vm.running) return false;
    if (!prng_.one_in(troubled_one_in_)) return vm.frozen = true;
    if (prng_.one_in(4)) return false;  // it refuses
    vm.hook_hangs = prng_.between(1, 1200);
    const sys::MonoTime deadline = world_.clock.after(freeze_patience);
    while (vm.running && !vm.frozen && world_.clock.mono() < deadline) {
        if (stopped && stopped()) fail(Code::stopped, "the freeze was interrupted");
        pause(500);
    }
    return vm.frozen;
}

std::vector<replication::VmFailure> ModelAgents::freeze(const std::vector<VmId>& vms,
                                                        const std::function<bool()>& stopped) {
    for (const VmId id : vms) {
        if (hypervisor_.asked_to_freeze().contains(id)) return {{id, "an earlier freeze hangs"}};
    }
    try {
        for (const VmId id : vms) {
            if (!hypervisor_.vm(id).running || freeze_one(id, stopped)) continue;
            thaw(vms);
            return {{id, "it could not be frozen"}};
        }
    } catch (const Error&) {
        thaw(vms);
        throw;
    }
    return {};
}

// A guest whose hook hangs hears nothing.
bool ModelAgents::thaw_one(VmId id) {
    const auto found = hypervisor_.vms().find(id);
    if (found != hypervisor_.vms().end()) {
        HostVm& vm = found->second;
        if (vm.running && vm.hook_hangs > 0) return false;
        vm.frozen = false;
    }
    hypervisor_.asked_to_freeze().erase(id);
    return true;
}

void ModelAgents::thaw_until_done(VmId id) {
    if (mutant_ == EngineMutant::leave_frozen) return;
    thawing_.push_back(world_.tasks.start("thaw", [this, id] {
        while (!stopping_ && !thaw_one(id)) pause(500);
    }));
}

void ModelAgents::thaw(const std::vector<VmId>& vms) {
    for (const VmId id : vms) {
        if (!hypervisor_.asked_to_freeze().contains(id)) continue;
        pause(4);
        if (!thaw_one(id)) thaw_until_done(id);
    }
}

}  // namespace reviver::sim
