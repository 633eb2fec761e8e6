#include "base/error.h"
#include "hypervisor/shared_socket.h"
#include "qemu/background_job.h"
#include "qemu/image_tool.h"
#include "qemu/nbd_flush.h"
#include "qemu/qmp_json.h"
#include "qemu/served_disk.h"
#include "recovery/copy_up.h"
#include "recovery/flatten.h"
#include "recovery/limits.h"

#include <boost/json/object.hpp>

#include <algorithm>
#include <thread>

namespace reviver::recovery {

namespace {

bool builds_on_base(const FlattenRequest& request) {
    const auto path = qemu::image_info(request.overlay, "qcow2").backing_path;
    return std::filesystem::weakly_canonical(path) ==
           std::filesystem::weakly_canonical(request.base);
}

// The node of the base's format: the daemon opened the chain by the images' headers.
std::string base_node(const qemu::Qmp& qmp, const sys::Path& base) {
    for (const auto& node : qemu::block_nodes(qmp))
        if (sys::Path(node.file) == base && (node.driver == "qcow2" || node.driver == "raw"))
            return node.name;
    fail(Code::not_found, "the storage daemon has not opened {}", base.string());
}

// To the end, which writes the base's name into the overlay's header. False when it was cancelled.
bool take_layers_out(const qemu::Qmp& qmp, const std::string& base,
                     const std::function<bool()>& cancelled) {
    const std::string id = "reviver-take-out";
    if (!qemu::background_job(qmp, id))
        qemu::call(qmp, "block-stream",
                   {{"job-id", id},
                    {"device", qemu::served_disk_node},
                    {"base-node", base},
                    {"auto-dismiss", false}});
    for (;;) {
        const auto job = qemu::background_job(qmp, id);
        if (!job) fail(Code::failed, "the storage daemon's job went away before its end");
        if (job->concluded) {
            qemu::dismiss_job(qmp, id);
            if (!job->error.empty()) fail(Code::failed, "merging: {}", job->error);
            return true;
        }
        if (cancelled()) qemu::cancel_job(qmp, id);
        std::this_thread::sleep_for(look_interval);
    }
}

}  // namespace

bool flatten_served_disk(hypervisor::Hypervisor& hypervisor, sys::Files& files,
                         const FlattenRequest& request,
                         const std::function<void(double share)>& progress,
                         const std::function<bool()>& cancelled) {
    const auto daemon = hypervisor.domain(request.disk.vm);
    if (!builds_on_base(request)) {
        if (daemon.power != hypervisor::Power::running || daemon.users.empty()) return false;
        const qemu::Qmp qmp = [&](const std::string& command, const std::string& arguments) {
            return hypervisor.qmp(request.disk.vm, command, arguments);
        };
        const std::string base = base_node(qmp, request.base);
        const qemu::NbdAddress any_export{daemon.nbd_socket,
                                          hypervisor::shared_disk_export(daemon.users.front())};
        const CopyUp copy{"reviver-copy-up", qemu::served_disk_node, base, request.overlay,
                          [&] { qemu::flush(any_export); }};
        if (!copy_up(qmp, files, copy, progress, cancelled)) return false;
        if (!take_layers_out(qmp, base, cancelled)) return false;
    }
    const bool flat = builds_on_base(request);
    // The layers must not be deleted while a crash could bring back the header that names them.
    if (flat) files.open(request.overlay, sys::OpenMode::read)->sync();
    return flat;
}

}  // namespace reviver::recovery
