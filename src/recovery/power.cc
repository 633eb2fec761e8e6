#include "recovery/power.h"

#include "base/error.h"
#include "base/log.h"
#include "hypervisor/guest_agents.h"
#include "recovery/each_vm.h"
#include "recovery/limits.h"
#include "recovery/locks.h"

#include <algorithm>
#include <map>
#include <mutex>
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

std::vector<VmId> ids_of(const std::vector<Domain>& domains) {
    std::vector<VmId> ids;
    for (const Domain& domain : domains) ids.push_back(domain.id);
    return ids;
}

bool asked_through_agent(hypervisor::Hypervisor& hypervisor, const Domain& domain) {
    auto* agents = hypervisor.guest_agents();
    try {
        if (agents == nullptr || !agents->connected(domain.id)) return false;
        agents->ask_to_shut_down(domain.id);
        return true;
    } catch (const Error& error) {
        log_info("VM '{}': {}; it is asked by ACPI", domain.name, error.what());
        return false;
    }
}

using Ways = std::map<VmId, std::string>;  // in which each was asked

std::string ask_one(hypervisor::Hypervisor& hypervisor, const Domain& domain, bool first) {
    // A guest that is held hears nothing.
    if (domain.power != Power::running) return "paused";
    if (first && asked_through_agent(hypervisor, domain)) return "guest agent";
    try {
        hypervisor.ask_to_shut_down(domain.id);
    } catch (const Error& e) {
        if (e.code() != Code::invalid_state) throw;  // it is off by now
    }
    return "ACPI";
}

// One that is busy booting may not listen yet, which is why it is asked again.
void ask(hypervisor::Hypervisor& hypervisor, const std::vector<Domain>& domains, Ways& ways) {
    std::mutex mutex;
    const auto ask_vm = [&](VmId vm) {
        const auto domain = std::find_if(domains.begin(), domains.end(),
                                         [&](const Domain& d) { return d.id == vm; });
        bool first = false;
        {
            const std::lock_guard lock(mutex);
            first = !ways.contains(vm);
        }
        const auto way = ask_one(hypervisor, *domain, first);
        const std::lock_guard lock(mutex);
        auto& said = ways[vm];
        said = said.empty() || said == way ? way : said + ", " + way;
    };
    throw_failures(for_each_vm(ids_of(domains), ask_vm), names_at(hypervisor),
                   "mend that, or power it off with `reviver vm kill`, and try again");
}

std::string waiting_text(const std::vector<Domain>& domains, const Ways& ways) {
    std::string text;
    for (const Domain& domain : domains) {
        const auto way = ways.find(domain.id);
        text += fmt::format("{}'{}'{}", text.empty() ? "waiting for " : ", ", domain.name,
                            way == ways.end() ? "" : " (" + way->second + ")");
    }
    return text + (text.empty() ? "" : " to shut down");
}

std::string names_of(const std::vector<Domain>& domains) {
    std::string names;
    for (const Domain& domain : domains) {
        names += (names.empty() ? "'" : ", '") + domain.name + "'";
        if (domain.power == Power::held) names += " (paused)";
    }
    return names;
}

[[noreturn]] void fail_still_on(const std::vector<Domain>& on) {
    constexpr std::string_view text =
        "{} did not shut down: shut {} down from inside, or power {} off with `reviver vm kill`, "
        "and try again";
    std::vector<ErrorPart> parts;
    for (const Domain& domain : on) {
        parts.push_back({domain.id.text(), Code::timeout,
                         fmt::format(text, "VM " + names_of({domain}), "it", "it")});
    }
    throw Error(Code::timeout, fmt::format(text, names_of(on), "them", "them"), std::move(parts));
}

}  // namespace

std::vector<VmId> running_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms) {
    return ids_of(still_on(hypervisor, vms));
}

void start_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms) {
    const auto start = [&](VmId vm) {
        if (!is_on(hypervisor.domain(vm))) hypervisor.start(vm);
    };
    throw_failures(for_each_vm(vms, start), names_at(hypervisor), "mend that and start it again");
}

void shut_down_vms(hypervisor::Hypervisor& hypervisor, const std::vector<VmId>& vms,
                   const ShutDown& how, const std::function<bool()>& cancelled) {
    const auto deadline = Clock::now() + how.patience;
    auto next_question = Clock::now();
    Ways ways;
    std::string said;
    std::vector<Domain> on = still_on(hypervisor, vms);
    while (!on.empty() && Clock::now() < deadline) {
        if (cancelled()) fail(Code::stopped, "shutting down was cancelled");
        if (Clock::now() >= next_question) {
            ask(hypervisor, on, ways);
            next_question = Clock::now() + ask_interval;
        }
        const auto text = waiting_text(on, ways);
        if (text != said) how.told(text);
        said = text;
        std::this_thread::sleep_for(look_interval);
        on = still_on(hypervisor, ids_of(on));
    }
    if (on.empty()) return;
    if (!how.force) fail_still_on(on);
    throw_failures(for_each_vm(ids_of(on), [&](VmId vm) { hypervisor.power_off(vm); }),
                   names_at(hypervisor), "mend that and try again");
}

}  // namespace reviver::recovery
