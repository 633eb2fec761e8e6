#include "recovery/lock_watch.h"

#include "base/error.h"
#include "base/log.h"
#include "hypervisor/domain_xml.h"
#include "recovery/locks.h"

namespace reviver::recovery {

using hypervisor::Domain;
using hypervisor::DomainEvent;
using hypervisor::Power;

// Listening comes first: what starts during the look is then seen twice rather than not at all.
LockWatch::LockWatch(hypervisor::Hypervisor& hypervisor, sys::Files& files, const sys::Path& data,
                     Report report)
    : hypervisor_(hypervisor), records_(files, data), report_(std::move(report)) {
    listening_ = hypervisor.subscribe([this](const DomainEvent& event) {
        if (event.kind == DomainEvent::Kind::started) look(event.id);
    });
    for (const Domain& domain : hypervisor.domains()) look_at(domain);
}

void LockWatch::look(VmId vm) {
    if (const auto domain = find_domain(hypervisor_, vm)) look_at(*domain);
}

void LockWatch::look_at(const Domain& domain) {
    if (domain.is_storage_daemon()) return;  // nobody defines it, so nothing can lock it
    const bool on = domain.power == Power::running || domain.power == Power::held;
    if (!on || !hypervisor::DomainXml(domain.xml).locked()) return;
    try {
        const auto record = records_.find(domain.id);
        if (record && record->run == domain.process_id) return;
        hypervisor_.power_off(domain.id);
        tell(domain.id, fmt::format("'{}' was started although it is locked, and was powered off; "
                                    "fail its collection over to run it here",
                                    domain.name));
    } catch (const Error& error) {
        tell(domain.id, fmt::format("'{}' runs although it is locked, and could not be powered off "
                                    "({}); power it off, or its disks will differ from its group's",
                                    domain.name, error.what()));
    }
}

void LockWatch::tell(VmId vm, const std::string& text) {
    log_error("{}", text);
    report_(vm, text);
}

}  // namespace reviver::recovery
