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
    std::vector<std::optional<std::string>> errors(vms.size());
    std::atomic<std::size_t> next = 0;
    const auto work_on = [&] {
        for (std::size_t i = next++; i < vms.size(); i = next++) {
            try {
                work(vms[i]);
            } catch (const Error& e) {
                errors[i] = e.what();
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
    for (std::size_t i = 0; i < vms.size(); ++i) {
        if (errors[i]) failures.push_back({vms[i], *errors[i]});
    }
    return failures;
}

void throw_failures(const std::vector<VmFailure>& failures) {
    if (failures.empty()) return;
    std::string text;
    for (const VmFailure& failure : failures) {
        if (!text.empty()) text += "; ";
        text += failure.vm.text() + ": " + failure.text;
    }
    fail(Code::failed, "{}", text);
}

}  // namespace reviver::recovery
