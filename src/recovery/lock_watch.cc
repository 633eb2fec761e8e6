#include "recovery/lock_watch.h"

#include "base/log.h"
#include "hypervisor/domain_xml.h"
#include "recovery/locks.h"

namespace reviver::recovery {

using hypervisor::DomainEvent;

LockWatch::LockWatch(hypervisor::Hypervisor& hypervisor,
                     std::function<void(const std::string&)> report)
    : hypervisor_(hypervisor), report_(std::move(report)) {
    listening_ = hypervisor.subscribe([this](const DomainEvent& event) {
        if (event.kind == DomainEvent::Kind::started) look(event.id);
    });
}

void LockWatch::look(VmId vm) {
    const auto domain = find_domain(hypervisor_, vm);
    if (!domain || !hypervisor::DomainXml(domain->xml).locked()) return;
    hypervisor_.power_off(vm);
    log_error("'{}' was started although it is locked, and was powered off", domain->name);
    report_(domain->name);
}

}  // namespace reviver::recovery
