#include "recovery/flatten.h"

#include "base/error.h"
#include "hypervisor/block_jobs.h"
#include "qemu/image_tool.h"
#include "recovery/copy_up.h"
#include "recovery/limits.h"
#include "recovery/locks.h"

#include <thread>

namespace reviver::recovery {

using hypervisor::BlockJobs;
using hypervisor::Domain;
using hypervisor::Power;

namespace {

constexpr double copying_share = 0.9;  // of the whole work

bool same_file(const sys::Path& a, const sys::Path& b) {
    return std::filesystem::weakly_canonical(a) == std::filesystem::weakly_canonical(b);
}

// copy_up() comes first, so an overlay that names the base in its header has all that the layers
// held: the header alone says whether the work is done.
bool is_flat(const FlattenRequest& request) {
    return same_file(qemu::image_info(request.overlay, "qcow2").backing_path, request.base);
}

bool is_on(hypervisor::Hypervisor& hypervisor, VmId vm) {
    const auto domain = find_domain(hypervisor, vm);
    return domain && (domain->power == Power::running || domain->power == Power::held);
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
    progress(1);
    return true;
}

void take_layers_out(hypervisor::Hypervisor& hypervisor, BlockJobs& jobs, sys::Files& files,
                     const FlattenRequest& request, const std::function<void(double)>& progress,
                     const std::function<bool()>& cancelled) {
    // After a restart of the daemon the job that it started is still at work.
    if (!jobs.block_job(request.disk)) {
        const auto most = [&](double share) { progress(copying_share * share); };
        if (!copy_up(hypervisor, files, request, most, cancelled)) return;
        jobs.start_pull(request.disk, request.base);
    }
    const auto rest = [&](double share) { progress(copying_share + (1 - copying_share) * share); };
    if (!follow(jobs, request.disk, rest, cancelled) || is_flat(request)) return;
    fail(Code::failed, "QEMU did not take out the layers below {}: see its log for why",
         request.overlay.string());
}

}  // namespace

bool flatten_disk(hypervisor::Hypervisor& hypervisor, sys::Files& files,
                  const FlattenRequest& request, const std::function<void(double share)>& progress,
                  const std::function<bool()>& cancelled) {
    BlockJobs* jobs = hypervisor.block_jobs();
    if (jobs == nullptr) fail(Code::not_supported, "this hypervisor cannot flatten disks");
    try {
        if (!is_flat(request) && is_on(hypervisor, request.disk.vm))
            take_layers_out(hypervisor, *jobs, files, request, progress, cancelled);
    } catch (const Error&) {
        if (is_on(hypervisor, request.disk.vm)) throw;
    }
    const bool flat = is_flat(request);
    // The layers must not be deleted while a crash could bring back the header that names them.
    if (flat) files.open(request.overlay, sys::OpenMode::read)->sync();
    return flat;
}

}  // namespace reviver::recovery
