#include "recovery/copy_up.h"

#include "base/error.h"
#include "qemu/background_job.h"
#include "qemu/image_tool.h"
#include "recovery/limits.h"

#include <algorithm>
#include <thread>

namespace reviver::recovery {

namespace {

// The device's node: by its file it could not be found, since QEMU describes an image whose header
// puts another name to what it builds on by a text of its own.
std::string top_node(hypervisor::Hypervisor& hypervisor, const qemu::Qmp& qmp,
                     const DiskKey& disk) {
    std::string alias;
    for (const hypervisor::Disk& each : hypervisor.domain(disk.vm).disks) {
        if (each.target == disk.target) alias = each.alias;
    }
    for (const qemu::GuestDisk& each : qemu::guest_disks(qmp)) {
        if (qemu::is_device(each, alias)) return each.node;
    }
    fail(Code::not_found, "QEMU has no disk {}", disk.text());
}

// The image in the file, as the images above it see it: libvirt names the node of its format
// "libvirt-7-format", where there is one, and the one of its file "libvirt-7-storage".
std::string image_node(const qemu::Qmp& qmp, const sys::Path& file) {
    const auto nodes = qemu::block_nodes(qmp);
    const auto storage = std::ranges::find_if(nodes, [&](const qemu::BlockNode& node) {
        return sys::Path(node.file) == file && node.name.ends_with("-storage");
    });
    if (storage == nodes.end()) fail(Code::not_found, "QEMU has not opened {}", file.string());
    const std::string format = storage->name.substr(0, storage->name.rfind('-')) + "-format";
    const bool has_format =
        std::ranges::any_of(nodes, [&](const auto& node) { return node.name == format; });
    return has_format ? format : storage->name;
}

// Until the job is pending or concluded; false when it was cancelled before.
bool follow(const qemu::Qmp& qmp, const std::string& id,
            const std::function<void(double)>& progress, const std::function<bool()>& cancelled) {
    for (;;) {
        const auto job = qemu::background_job(qmp, id);
        if (!job) fail(Code::failed, "QEMU's job {} went away before its end", id);
        if (job->pending || job->concluded) return true;
        if (cancelled()) return false;
        const double total = std::max<double>(1, static_cast<double>(job->total));
        progress(std::min(1.0, static_cast<double>(job->done) / total));
        std::this_thread::sleep_for(look_interval);
    }
}

// Cancelled or not: the job is gone afterwards, and the overlay builds on what it did before.
void end_job(const qemu::Qmp& qmp, const std::string& id) {
    auto job = qemu::background_job(qmp, id);
    if (job && !job->concluded) qemu::cancel_job(qmp, id);
    const auto until = std::chrono::steady_clock::now() + job_end_time_max;
    while ((job = qemu::background_job(qmp, id)) && !job->concluded) {
        if (std::chrono::steady_clock::now() > until)
            fail(Code::timeout, "QEMU did not end its job {}", id);
        std::this_thread::sleep_for(look_interval);
    }
    if (job) qemu::dismiss_job(qmp, id);
}

// block-stream takes nothing from beyond the end of the uppermost layer, though zeros are what is
// read there. So a disk that was made larger than that layer would show, once the layers are out,
// what a base that is larger too has in that place: QEMU 7.2. While the job runs nobody can resize
// the disk.
void refuse_where_the_base_would_show(const sys::Path& overlay) {
    const auto chain = qemu::chain_info(overlay, "qcow2");
    if (chain.size() < 3) return;
    const std::uint64_t layer = chain[1].size_bytes;
    if (chain.front().size_bytes <= layer || chain.back().size_bytes <= layer) return;
    fail(Code::not_supported,
         "{} was made larger after its failover, over an image that had been larger before: the "
         "layers below it stay",
         overlay.string());
}

}  // namespace

bool copy_up(const qemu::Qmp& qmp, sys::Files& files, const CopyUp& copy,
             const std::function<void(double share)>& progress,
             const std::function<bool()>& cancelled) {
    const std::string& id = copy.id;
    refuse_where_the_base_would_show(copy.overlay);
    if (const auto left = qemu::background_job(qmp, id); left && left->concluded)
        qemu::dismiss_job(qmp, id);
    if (!qemu::background_job(qmp, id)) qemu::start_stream(qmp, id, copy.node, copy.base_node);
    const bool followed = follow(qmp, id, progress, cancelled);
    const auto job = qemu::background_job(qmp, id);
    const bool copied = followed && job && job->pending;
    if (copied) {
        // QEMU's own flush holds up the guest: the bulk is written out before it is asked for.
        files.open(copy.overlay, sys::OpenMode::read)->sync();
        copy.flush();
    }
    end_job(qmp, id);
    if (followed && !copied) {
        fail(Code::failed, "QEMU did not copy the layers into {}: {}", copy.overlay.string(),
             job ? job->error : "its job is gone");
    }
    return copied;
}

bool copy_up(hypervisor::Hypervisor& hypervisor, sys::Files& files, const FlattenRequest& request,
             const std::function<void(double share)>& progress,
             const std::function<bool()>& cancelled) {
    const qemu::Qmp qmp = [&](const std::string& command, const std::string& arguments) {
        return hypervisor.qmp(request.disk.vm, command, arguments);
    };
    const std::string node = top_node(hypervisor, qmp, request.disk);
    const CopyUp copy{"reviver-copy-up-" + request.disk.target, node, image_node(qmp, request.base),
                      request.overlay, [&] { qemu::flush_node(qmp, node); }};
    return copy_up(qmp, files, copy, progress, cancelled);
}

}  // namespace reviver::recovery
