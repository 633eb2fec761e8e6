#include "recovery/power.h"

#include "base/error.h"
#include "recovery/each_vm.h"
#include "recovery/limits.h"
#include "recovery/locks.h"

#include <thread>

namespace reviver::recovery {

using hypervisor::Domain;
using hypervisor::Power;

namespace {

using Clock = std::chrono::steady_clock;

bool is_on(const std::optional<Domain>& domain) {
    return domain && (domain->power == Power::running || domain->power == Power::held);
}

std::vector<Domain> still_on(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms) {
    std::vector<Domain> result;
    for (const VmId vm : vms) {
        auto domain = find_domain(hypervisor, vm);
        if (is_on(domain)) result.push_back(std::move(*domain));
    }
    return result;
}

// A guest that is held hears nothing; one that is busy booting may not listen yet, which is why it
// is asked again.
void ask(hypervisor::Hypervisor& hypervisor, const std::vector<Domain>& domains) {
    for (const Domain& domain : domains) {
        try {
            if (domain.power == Power::running) hypervisor.ask_to_shut_down(domain.id);
        } catch (const Error& e) {
            if (e.code() != Code::invalid_state) throw;  // it is off by now
        }
    }
}

std::string names_of(const std::vector<Domain>& domains) {
    std::string names;
    for (const Domain& domain : domains) {
        names += (names.empty() ? "'" : ", '") + domain.name + "'";
        if (domain.power == Power::held) names += " (paused)";
    }
    return names;
}

std::vector<VmId> ids_of(const std::vector<Domain>& domains) {
    std::vector<VmId> ids;
    for (const Domain& domain : domains) ids.push_back(domain.id);
    return ids;
}

}  // namespace

void start_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms) {
    throw_failures(for_each_vm(vms, [&](VmId vm) {
        if (!is_on(hypervisor.domain(vm))) hypervisor.start(vm);
    }));
}

void shut_down_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms,
                   const ShutDown& how, const std::function<bool()>& cancelled) {
    const auto deadline = Clock::now() + how.patience;
    auto next_question = Clock::now();
    std::vector<Domain> on = still_on(hypervisor, vms);
    while (!on.empty() && Clock::now() < deadline) {
        if (cancelled()) fail(Code::stopped, "shutting down was cancelled");
        if (Clock::now() >= next_question) {
            ask(hypervisor, on);
            next_question = Clock::now() + ask_interval;
        }
        std::this_thread::sleep_for(look_interval);
        on = still_on(hypervisor, ids_of(on));
    }
    if (on.empty()) return;
    if (!how.force) {
        fail(Code::timeout,
             "{} did not shut down: shut them down from inside, or power them off with `reviver vm "
             "kill`, and try again",
             names_of(on));
    }
    throw_failures(for_each_vm(ids_of(on), [&](VmId vm) { hypervisor.power_off(vm); }));
}

}  // namespace reviver::recovery
