// A planned failover that is thought better of, and what a crash leaves of that.
#include "base/error.h"
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

// It was cut while it ran, and turned off afterwards: what it wrote then was in no point.
TEST(PlannedFailover, AVmThatIsStartedAgainWhileTheGroupIsShutDownEndsIt) {
    ReplicatingPair pair;
    pair.run([&] {
        EngineSite& east = pair.east();
        Hypervisor& host = east.hypervisor();
        const HostVm& vm = host.vm(pair.vm());

        std::optional<JobId> job;
        east.request(
            [&](replication::Engine& e) {
                job = e.initiate_planned_failover(pair.collection(), "test");
            },
            false);
        pair.simulation().until([&] { return !vm.running; }, 10min, "the VM is off");
        host.start(pair.vm());
        pair.simulation().until(
            [&] { return east.engine()->jobs().find(*job)->state != JobState::running; }, 10min,
            "the planned failover ends");
        EXPECT_EQ(east.engine()->jobs().find(*job)->state, JobState::exception);
        EXPECT_EQ(east.collection()->place.state, State::replicating);
        EXPECT_TRUE(vm.lock.empty());
        EXPECT_TRUE(vm.running);
    });
}

// Only a cycle was told that the other side had taken over, and a suspended primary makes none.
TEST(Takeover, ASuspendedPrimaryHearsOfItToo) {
    ReplicatingPair pair;
    pair.run([&] {
        EngineSite& east = pair.east();
        EngineSite& west = pair.west();
        const CollectionId id = pair.collection();
        const auto ask = [&](EngineSite& site, EngineSite::Request request) {
            pair.simulation().until([&] { return !site.busy(); }, 1min, "the site is free");
            site.request(std::move(request), true);
        };
        if (west.collection()->trial) {
            ask(west, [&](replication::Engine& e) { e.revert_test(id, "test"); });
            pair.simulation().until([&] { return !west.collection()->trial; }, 1min, "no test");
        }
        ask(east, [&](replication::Engine& e) { e.suspend(id); });
        pair.simulation().until([&] { return east.collection()->place.state == State::suspended; },
                                1min, "suspended");
        pair.simulation().network().partition("east", "west");
        ask(west, [&](replication::Engine& e) { e.initiate_failover(id, std::nullopt, "test"); });
        pair.simulation().until([&] { return west.collection()->place.state == State::recovered; },
                                10min, "failed over");
        ask(west, [&](replication::Engine& e) { e.commit_failover(id, "test"); });
        pair.simulation().until([&] { return west.collection()->place.state == State::committed; },
                                10min, "committed");
        Settings settings = west.collection()->settings;
        settings.recovery_connection_point = "east";
        ask(west, [&](replication::Engine& e) {
            Settings none = settings;
            none.included_disks = {"99999999-0000-0000-0000-000000000001/vda"};
            EXPECT_THROW(e.reverse(id, none, "test"), Error) << "it had no disk to send, for ever";
            e.reverse(id, settings, "test");
        });
        pair.simulation().sleep(5s);
        EXPECT_TRUE(east.hypervisor().vm(pair.vm()).lock.empty());
        pair.simulation().network().heal();
        pair.simulation().until([&] { return !east.hypervisor().vm(pair.vm()).lock.empty(); }, 5min,
                                "the old primary is fenced");
    });
}

}  // namespace
}  // namespace reviver::sim
