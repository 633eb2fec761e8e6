// Anything at any time, from a seed: writes between and during cycles, VMs that stop, start or are
// killed, cuts that are given up, acknowledgements that get lost, a daemon that restarts.
#include "capture/capture_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace reviver::capture {
namespace {

class RandomTest : public CaptureTest, public testing::WithParamInterface<unsigned> {
  protected:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    bool runs(VmId vm) { return machines_.domain(vm).power == hypervisor::Power::running; }

    void write_somewhere() {
        const auto vm = vms_[below(vms_.size())];
        if (!runs(vm)) return;
        const auto size = truth_.begin()->second.bytes.size();
        const auto length = std::min<std::uint64_t>(512 << below(12), size / 2);
        write(vm, below(2), below((size - length) / 512) * 512, length,
              static_cast<int>(below(4) ? below(256) : 0));
    }

    void change_power() {
        const auto vm = vms_[below(vms_.size())];
        if (!runs(vm)) {
            machines_.start(vm);
        } else if (below(3) == 0) {
            machines_.flush(vm);
            machines_.kill(vm);
        } else {
            machines_.power_off(vm);
        }
    }

    void disturb() {
        for (auto n = below(3); n > 0; --n) write_somewhere();
        if (below(40) == 0) change_power();
    }

    // A cycle in which anything may happen; a failed one is repeated by the next.
    void try_cycle() {
        if (!begin_cycle([this] {
                disturb();
                return below(30) == 0;
            }))
            return;
        make_cut();
        read_cut([this] { disturb(); });
        if (below(6) == 0) {
            capture_->finish(std::move(cut_), false);
            return;
        }
        commit();
        if (below(4) != 0) capture_->finish(std::move(cut_), true);
    }

    std::mt19937 random_{GetParam()};
};

TEST_P(RandomTest, EveryAcknowledgedPointIsWhatTheDisksWereInTheHold) {
    for (const auto* name : {"a", "b"}) machines_.start(add_vm(name, {"qcow2", "raw"}, 4 * MiB));
    int acknowledged = 0;
    for (int step = 0; step < 25 && !HasFatalFailure(); ++step) {
        for (auto n = below(8); n > 0; --n) write_somewhere();
        if (below(8) == 0) change_power();
        const auto before = target_.durable;
        try {
            try_cycle();
        } catch (const Error& error) {
            ASSERT_TRUE(error.code() == Code::unavailable || error.code() == Code::failed)
                << error.what();
        }
        if (target_.durable != before) ++acknowledged;
        if (cut_ && below(2) == 0) capture_->finish(std::move(cut_), false);
        if (cut_ || below(8) == 0) restart_daemon();
    }
    EXPECT_GT(acknowledged, 3);
}

// REVIVER_SEEDS=100 for a long night.
unsigned seeds() {
    const char* text = std::getenv("REVIVER_SEEDS");
    return text == nullptr ? 2 : static_cast<unsigned>(std::stoul(text));
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomTest, testing::Range(1u, 1u + seeds()));

}  // namespace
}  // namespace reviver::capture
