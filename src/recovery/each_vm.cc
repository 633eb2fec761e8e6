#include "recovery/each_vm.h"

#include "base/error.h"
#include "recovery/limits.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

namespace reviver::recovery {

std::vector<VmFailure> for_each_vm(const std::vector<VmId>& vms,
                                   const std::function<void(VmId)>& work) {
    std::vector<std::optional<VmFailure>> errors(vms.size());
    std::atomic<std::size_t> next = 0;
    const auto work_on = [&] {
        for (std::size_t i = next++; i < vms.size(); i = next++) {
            try {
                work(vms[i]);
            } catch (const Error& e) {
                errors[i] = VmFailure{vms[i], e.what(), e.code()};
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < std::min(vms.size(), vms_in_parallel); ++i) {
            threads.emplace_back(work_on);
        }
        work_on();
    }
    std::vector<VmFailure> failures;
    for (const auto& error : errors) {
        if (error) failures.push_back(*error);
    }
    return failures;
}

void throw_failures(const std::vector<VmFailure>& failures, const VmNames& names,
                    std::string_view advice) {
    if (failures.empty()) return;
    std::string text;
    std::vector<ErrorPart> parts;
    for (const VmFailure& failure : failures) {
        const auto name = names(failure.vm).value_or(failure.vm.text());
        const auto said = fmt::format("VM '{}': {}", name, failure.text);
        text += (text.empty() ? "" : "; ") + said;
        parts.push_back({failure.vm.text(), failure.code, fmt::format("{}; {}", said, advice)});
    }
    throw Error(Code::failed, fmt::format("{}; {}", text, advice), std::move(parts));
}

// What failed is told in any case, with the id of a VM whose name cannot be asked for.
VmNames names_at(hypervisor::Hypervisor& hypervisor) {
    return [&hypervisor](VmId vm) -> std::optional<std::string> {
        try {
            return hypervisor.domain(vm).name;
        } catch (const Error&) {
            return std::nullopt;
        }
    };
}

VmNames names_in(const std::vector<VmDefinition>& vms) {
    return [vms](VmId vm) -> std::optional<std::string> {
        const auto it = std::ranges::find(vms, vm, &VmDefinition::id);
        if (it == vms.end()) return std::nullopt;
        return it->name;
    };
}

}  // namespace reviver::recovery
