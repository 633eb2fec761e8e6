#include "recovery/locks.h"

#include "base/error.h"
#include "base/log.h"
#include "hypervisor/saved_states.h"
#include "recovery/limits.h"

namespace reviver::recovery {

using hypervisor::Domain;
using hypervisor::DomainXml;

namespace {

// A file name: no slash, no control character, not longer than a name may be, and no half of a
// UTF-8 character at the end.
std::string as_file_name(const std::string& sentence) {
    std::string name = sentence;
    for (char& c : name) {
        if (c == '/') c = '-';
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    }
    if (name.size() > lock_text_bytes_max) {
        std::size_t end = lock_text_bytes_max;
        while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
        name.resize(end);
    }
    return name;
}

}  // namespace

std::optional<Domain> find_domain(hypervisor::Hypervisor& hypervisor, VmId vm) {
    try {
        return hypervisor.domain(vm);
    } catch (const Error& e) {
        if (e.code() == Code::not_found) return std::nullopt;
        throw;
    }
}

std::string Locks::file_for(const std::string& why) const {
    return records_.directory() / as_file_name(why);
}

void Locks::lock(VmId vm, const std::string& why) {
    const Domain domain = hypervisor_.domain(vm);
    DomainXml xml(domain.xml);
    if (xml.lock_file() == file_for(why)) return lock_saved_state(vm, file_for(why));
    // Locked for another reason: what it was before stays what it was.
    std::optional<LockRecord> record;
    if (xml.locked()) record = records_.find(vm);
    xml.unlock();
    if (!record)
        record = LockRecord{xml.text(), "", domain.autostart, false, domain.process_id, ""};
    define_locked(std::move(xml), why, std::move(*record));
}

void Locks::define_locked(DomainXml xml, const std::string& why, LockRecord record) {
    record.locked.clear();
    records_.save(xml.id(), record);
    xml.lock(file_for(why));
    const VmId vm = hypervisor_.define(xml.text());
    hypervisor_.set_autostart(vm, false);
    record.locked = hypervisor_.domain(vm).xml;
    records_.save(vm, record);
    lock_saved_state(vm, xml.lock_file());
}

void Locks::lock_saved_state(VmId vm, const std::string& file) {
    hypervisor::SavedStates* states = hypervisor_.saved_states();
    const auto saved = states == nullptr ? std::nullopt : states->saved_definition(vm);
    if (!saved) return;
    DomainXml xml(*saved);
    const auto disks = xml.disks();
    if (disks.empty() || disks.front().source == file) return;
    // Locked for another reason before: its own definition is in the record already.
    if (sys::Path(disks.front().source).parent_path() != records_.directory()) {
        LockRecord record = records_.find(vm).value_or(LockRecord());
        record.saved = *saved;
        records_.save(vm, record);
    }
    xml.set_disk(disks.front().target, file, disks.front().format);
    states->redefine_saved(vm, xml.text());
}

void Locks::unlock_saved_state(VmId vm, const LockRecord& record) {
    hypervisor::SavedStates* states = hypervisor_.saved_states();
    if (record.saved.empty() || states == nullptr || !states->saved_definition(vm)) return;
    states->redefine_saved(vm, record.saved);
}

void Locks::discard_saved_state(VmId vm) {
    hypervisor::SavedStates* states = hypervisor_.saved_states();
    if (states == nullptr || !states->saved_definition(vm)) return;
    states->discard_saved(vm);
    log_warning(
        "the saved memory of {} was discarded: its disks are no longer those it was saved "
        "with",
        vm.text());
}

void Locks::unlock(VmId vm) {
    const Domain domain = hypervisor_.domain(vm);
    DomainXml xml(domain.xml);
    if (!xml.locked()) return;
    const std::optional<LockRecord> record = records_.find(vm);
    if (record && record->made_here) {
        fail(Code::invalid_state, "'{}' is a replica: fail its collection over to start it",
             domain.name);
    }
    // Before the definition, which tells a repetition that all is done.
    if (record) unlock_saved_state(vm, *record);
    // What libvirt added for the lock's disk (addresses, perhaps a controller) goes with it only if
    // nobody changed anything since.
    if (record && record->locked == domain.xml) {
        hypervisor_.define(record->definition);
    } else {
        xml.unlock();
        hypervisor_.define(xml.text());
    }
    if (record && record->autostart) hypervisor_.set_autostart(vm, true);
    records_.remove(vm);
}

}  // namespace reviver::recovery
