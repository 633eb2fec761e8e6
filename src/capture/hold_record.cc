#include "capture/hold_record.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/capture.h"
#include "capture/limits.h"
#include "capture/live_disk.h"

#include <boost/json.hpp>

namespace reviver::capture {

namespace json = boost::json;

HoldRecord::HoldRecord(sys::Files& files, const sys::Path& directory, const char* name)
    : files_(files), file_(directory / name) {}

void HoldRecord::write(const std::vector<RecordedVm>& vms) {
    json::array list;
    for (const auto& vm : vms)
        list.push_back(json::object{{"vm", vm.id.text()}, {"process", vm.process_id}});
    sys::replace_file(files_, file_, bytes_of(json::serialize(list)));
}

void HoldRecord::clear() {
    files_.remove(file_);
}

std::vector<RecordedVm> HoldRecord::read() {
    std::vector<RecordedVm> vms;
    if (!files_.exists(file_)) return vms;
    try {
        const Bytes content = sys::read_file(files_, file_, record_bytes_max);
        const auto root = json::parse(text_of(content));
        for (const auto& item : root.as_array()) {
            const auto id = VmId::parse(json::value_to<std::string>(item.at("vm")));
            if (id) vms.push_back({*id, item.at("process").to_number<std::int64_t>()});
        }
    } catch (const std::exception& error) {
        log_error("{} cannot be read ({}): resume paused VMs, and thaw frozen ones, by hand",
                  file_.string(), error.what());
    }
    return vms;
}

namespace {

void release(hypervisor::Hypervisor& hypervisor, const RecordedVm& held) {
    const auto domain = hypervisor.domain(held.id);
    if (domain.power != hypervisor::Power::held || domain.process_id != held.process_id) return;
    log_warning("VM {} was left paused by a cut that was interrupted: resuming it", domain.name);
    hypervisor.qmp(held.id, "cont", "");
}

}  // namespace

void release_held(hypervisor::Hypervisor& hypervisor, sys::World& world,
                  const sys::Path& directory) {
    HoldRecord record(world.files, directory);
    std::vector<RecordedVm> still_held;
    for (const auto& held : record.read()) {
        try {
            release(hypervisor, held);
        } catch (const Error& error) {
            log_error("resuming VM {}: {}", held.id.text(), error.what());
            if (error.code() != Code::not_found) still_held.push_back(held);
        }
    }
    if (still_held.empty())
        record.clear();
    else
        record.write(still_held);
}

}  // namespace reviver::capture
