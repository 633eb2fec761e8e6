#include "capture/group_hold.h"

#include "base/error.h"
#include "base/log.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace reviver::capture {

namespace {

// Where the threads of a hold meet. Opens when all VMs are stopped, and once more when all storage
// daemons are changed; breaks when one cannot be, or time is up.
class Gate {
  public:
    Gate(std::size_t vms, std::size_t daemons, std::chrono::microseconds time_max)
        : missing_(vms),
          daemons_(daemons),
          deadline_(std::chrono::steady_clock::now() + time_max) {}

    void arrive_and_wait() {
        std::unique_lock lock(mutex_);
        if (--missing_ == 0) changed_.notify_all();
        wait_for_none(lock, missing_, "not all VMs of the group stopped in time");
    }

    void daemon_changed() {
        const std::lock_guard lock(mutex_);
        if (--daemons_ == 0) changed_.notify_all();
    }

    void wait_for_daemons() {
        std::unique_lock lock(mutex_);
        wait_for_none(lock, daemons_, "the storage daemon of a shared disk did not answer in time");
    }

    void break_open(const Error& error) {
        const std::lock_guard lock(mutex_);
        break_with(error);
    }

    bool in_time() const { return std::chrono::steady_clock::now() <= deadline_; }

    std::optional<Error> error() {
        const std::lock_guard lock(mutex_);
        return error_;
    }

  private:
    void wait_for_none(std::unique_lock<std::mutex>& lock, const std::size_t& left,
                       const char* otherwise) {
        const auto decided = [&] { return left == 0 || error_; };
        if (!changed_.wait_until(lock, deadline_, decided))
            break_with(Error(Code::timeout, fmt::format("{}: the cut was given up", otherwise)));
        if (error_) throw *error_;
    }

    void break_with(Error error) {
        if (!error_) error_ = std::move(error);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t missing_;  // VMs that are not stopped
    std::size_t daemons_;  // that are not changed
    std::chrono::steady_clock::time_point deadline_;
    std::optional<Error> error_;
};

struct Moments {
    sys::MonoTime stopping;
    sys::MonoTime resumed;
};

void change_held(HeldVm& vm, Gate& gate) {
    gate.arrive_and_wait();
    vm.change();
    if (!gate.in_time())
        fail(Code::timeout, "the group was held for too long: the cut was given up");
    if (vm.serves_others())
        gate.daemon_changed();
    else
        gate.wait_for_daemons();
}

// A resume that fails is tried again: a VM that stays stopped is worse than a cut that fails.
void resume_surely(HeldVm& vm, Gate& gate) {
    constexpr int tries = 3;
    for (int i = 0; i < tries; ++i) {
        try {
            vm.resume();
            return;
        } catch (const Error& error) {
            log_error("resuming VM {}: {}", vm.id().text(), error.what());
            gate.break_open(error);
        }
    }
}

void hold_one(HeldVm& vm, Gate& gate) {
    const auto step = [&](auto&& work) {
        try {
            work();
        } catch (Error& error) {
            error.add_context("VM " + vm.id().text());
            gate.break_open(error);
        }
    };
    // A stop that failed may have stopped the VM all the same: it is resumed in any case.
    step([&] {
        if (vm.runs()) vm.stop();
        change_held(vm, gate);
    });
    if (vm.runs()) resume_surely(vm, gate);
}

HoldStatistics statistics_of(const std::vector<std::unique_ptr<HeldVm>>& vms,
                             const std::vector<Moments>& moments) {
    HoldStatistics statistics;
    sys::MonoTime first = sys::MonoTime::max();
    sys::MonoTime last = sys::MonoTime::min();
    for (std::size_t i = 0; i < vms.size(); ++i) {
        if (!vms[i]->runs()) continue;
        first = std::min(first, moments[i].stopping);
        last = std::max(last, moments[i].resumed);
        statistics.vms.push_back({vms[i]->id(), moments[i].resumed - moments[i].stopping});
    }
    if (!statistics.vms.empty()) statistics.group = last - first;
    return statistics;
}

}  // namespace

HoldStatistics hold_group(sys::World& world, const std::vector<std::unique_ptr<HeldVm>>& vms,
                          sys::Duration hold_max) {
    const auto daemons =
        std::count_if(vms.begin(), vms.end(), [](const auto& vm) { return vm->serves_others(); });
    Gate gate(vms.size(), static_cast<std::size_t>(daemons), hold_max);
    std::vector<Moments> moments(vms.size());
    {
        std::vector<std::unique_ptr<sys::Task>> threads;
        for (std::size_t i = 0; i < vms.size(); ++i)
            threads.push_back(world.tasks.start("hold", [&, i] {
                moments[i].stopping = world.clock.mono();
                hold_one(*vms[i], gate);
                moments[i].resumed = world.clock.mono();
            }));
    }
    if (const auto error = gate.error()) throw *error;
    return statistics_of(vms, moments);
}

}  // namespace reviver::capture
