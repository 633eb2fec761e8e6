#include "replication/vm_failures.h"

#include "base/check.h"
#include "base/error.h"

#include <algorithm>
#include <string>

namespace reviver::replication {

void fail_of(const std::vector<VmDefinition>& vms, const std::vector<VmFailure>& failures,
             std::string_view what, std::string_view advice) {
    REVIVER_CHECK(!failures.empty());
    std::string text = fmt::format("{} of {} VMs {}", failures.size(), vms.size(), what);
    std::vector<ErrorPart> parts;
    for (const VmFailure& failure : failures) {
        const auto vm = std::ranges::find(vms, failure.vm, &VmDefinition::id);
        const std::string name = vm == vms.end() ? failure.vm.text() : vm->name;
        text += fmt::format("; '{}': {}", name, failure.text);
        parts.push_back({failure.vm.text(), failure.code,
                         fmt::format("VM '{}' {}: {}; {}", name, what, failure.text, advice)});
    }
    throw Error(Code::failed, fmt::format("{}; {}", text, advice), std::move(parts));
}

}  // namespace reviver::replication
