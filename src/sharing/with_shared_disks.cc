#include "sharing/with_shared_disks.h"

#include "base/error.h"

namespace reviver::sharing {

using hypervisor::Domain;

Domain WithSharedDisks::domain(VmId id) {
    if (auto daemon = disks_.describe(id)) return std::move(*daemon);
    return machines_.domain(id);
}

VmId WithSharedDisks::define(const std::string& xml) {
    const VmId id = machines_.define(xml);
    disks_.definitions_changed();
    return id;
}

void WithSharedDisks::undefine(VmId id) {
    machines_.undefine(id);
    disks_.definitions_changed();
}

void WithSharedDisks::start(VmId id) {
    disks_.make_ready(machines_.domain(id));
    machines_.start(id);
}

std::string WithSharedDisks::qmp(VmId id, const std::string& command,
                                 const std::string& arguments) {
    if (disks_.knows(id)) return disks_.qmp(id, command, arguments);
    return machines_.qmp(id, command, arguments);
}

std::shared_ptr<void> WithSharedDisks::subscribe(
    std::function<void(const hypervisor::DomainEvent&)> listener) {
    struct Both {
        std::shared_ptr<void> machines, daemons;
    };
    return std::make_shared<Both>(machines_.subscribe(listener),
                                  disks_.events().subscribe(listener));
}

}  // namespace reviver::sharing
