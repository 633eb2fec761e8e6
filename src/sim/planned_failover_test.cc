// A planned failover that is thought better of, and what a crash leaves of that.
#include "sim/replicating_pair.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

using namespace std::chrono_literals;

// True when the process of the primary died at that step of the revert, with the VM unlocked and
// the step not made: then either side could have run it.
bool revert_died_between(std::uint64_t step) {
    bool between = false;
    ReplicatingPair pair;
    pair.run([&] {
        EngineSite& east = pair.east();
        const auto state = [&] { return east.collection()->place.state; };
        const HostVm& vm = east.hypervisor().vm(pair.vm());
        east.request(
            [&](replication::Engine& e) { e.initiate_planned_failover(pair.collection(), "test"); },
            false);
        pair.simulation().until([&] { return state() == State::failover_initiated; }, 10min,
                                "the planned failover is prepared");
        EXPECT_FALSE(vm.lock.empty());
        east.site().arm_at_step(step, Death::process);
        east.request(
            [&](replication::Engine& e) { e.revert_planned_failover(pair.collection(), "test"); },
            false);
        pair.simulation().until([&] { return east.site().died() || state() == State::replicating; },
                                10min, "the revert ends, or its process");
        east.site().disarm();
        if (!east.site().died()) return;
        between = vm.lock.empty();
        pair.simulation().until_down(east.site());
        east.boot();
        pair.simulation().sleep(5s);
        between = between && state() == State::failover_initiated;
        if (state() == State::failover_initiated) {
            EXPECT_FALSE(vm.lock.empty()) << step;
        } else {
            EXPECT_TRUE(vm.lock.empty()) << step;
        }
    });
    return between;
}

// The VM stayed unlocked, and the other side could bring it up as well.
TEST(PlannedFailover, ARevertThatACrashCutsOffLeavesNoVmUnlocked) {
    int between = 0;
    for (std::uint64_t step = 0; step < 120; ++step) between += revert_died_between(step) ? 1 : 0;
    EXPECT_GT(between, 0);
}

}  // namespace
}  // namespace reviver::sim
