#include "capture/start_watch.h"

namespace reviver::capture {

StartWatch::StartWatch(hypervisor::Hypervisor& hypervisor) : counts_(std::make_shared<Counts>()) {
    subscription_ = hypervisor.subscribe([counts = counts_](const hypervisor::DomainEvent& event) {
        if (event.kind != hypervisor::DomainEvent::Kind::started) return;
        const std::lock_guard lock(counts->mutex);
        ++counts->starts[event.id];
    });
}

std::uint64_t StartWatch::starts(VmId vm) const {
    const std::lock_guard lock(counts_->mutex);
    const auto it = counts_->starts.find(vm);
    return it == counts_->starts.end() ? 0 : it->second;
}

}  // namespace reviver::capture
