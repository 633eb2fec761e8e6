#include "recovery/flatten.h"

#include "base/error.h"
#include "hypervisor/block_jobs.h"
#include "qemu/image_tool.h"
#include "qemu/qmp.h"
#include "recovery/limits.h"
#include "recovery/locks.h"

#include <thread>

namespace reviver::recovery {

using hypervisor::BlockJobs;
using hypervisor::Domain;
using hypervisor::Power;

namespace {

bool same_file(const sys::Path& a, const sys::Path& b) {
    return std::filesystem::weakly_canonical(a) == std::filesystem::weakly_canonical(b);
}

// The header names another backing image only after all has been copied, so it alone says whether
// the work is done.
bool is_flat(const FlattenRequest& request) {
    return same_file(qemu::image_info(request.overlay, "qcow2").backing_path, request.base);
}

bool is_on(hypervisor::Hypervisor& hypervisor, VmId vm) {
    const auto domain = find_domain(hypervisor, vm);
    return domain && (domain->power == Power::running || domain->power == Power::held);
}

// QEMU names the base in the header before all of its tables are in the file, so whoever deletes
// the layers asks for this first.
void write_out(hypervisor::Hypervisor& hypervisor, VmId vm) {
    const qemu::Qmp qmp = [&](const std::string& command, const std::string& arguments) {
        return hypervisor.qmp(vm, command, arguments);
    };
    for (const auto& disk : qemu::guest_disks(qmp)) {
        if (disk.node.empty()) continue;
        const std::string said =
            qmp("human-monitor-command", "{\"command-line\":\"qemu-io " + disk.node + " flush\"}");
        if (said != "\"\"")
            fail(Code::failed, "QEMU did not write out node {}: {}", disk.node, said);
    }
}

// To the end of the job, whoever started it. False when it was cancelled.
bool follow(BlockJobs& jobs, const DiskKey& disk, const std::function<void(double)>& progress,
            const std::function<bool()>& cancelled) {
    while (const auto job = jobs.block_job(disk)) {
        if (cancelled()) {
            jobs.cancel_block_job(disk);
            return false;
        }
        const double total = std::max<double>(1, static_cast<double>(job->total));
        progress(std::min(1.0, static_cast<double>(job->done) / total));
        std::this_thread::sleep_for(look_interval);
    }
    return true;
}

}  // namespace

bool flatten_disk(hypervisor::Hypervisor& hypervisor, const FlattenRequest& request,
                  const std::function<void(double share)>& progress,
                  const std::function<bool()>& cancelled) {
    BlockJobs* jobs = hypervisor.block_jobs();
    if (jobs == nullptr) fail(Code::not_supported, "this hypervisor cannot flatten disks");
    const bool on = is_on(hypervisor, request.disk.vm);
    if (!on || is_flat(request)) {
        const bool flat = is_flat(request);
        if (flat && on) write_out(hypervisor, request.disk.vm);
        return flat;
    }
    try {
        // After a restart of the daemon the job that it started is still at work.
        if (!jobs->block_job(request.disk)) jobs->start_pull(request.disk, request.base);
        if (!follow(*jobs, request.disk, progress, cancelled)) return false;
        write_out(hypervisor, request.disk.vm);
    } catch (const Error&) {
        if (!is_on(hypervisor, request.disk.vm)) return false;
        throw;
    }
    if (is_flat(request)) return true;
    if (!is_on(hypervisor, request.disk.vm)) return false;
    fail(Code::failed, "QEMU did not finish copying the layers below {}: see its log for why",
         request.overlay.string());
}

}  // namespace reviver::recovery
