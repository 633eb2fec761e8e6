#include "capture/fleece.h"

#include "base/error.h"
#include "base/log.h"
#include "qemu/qmp_json.h"
#include "qemu/served_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

namespace reviver::capture {

namespace json = boost::json;

namespace {

void make_sparse_file(const std::filesystem::path& path, std::uint64_t size_bytes) {
    const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) fail_errno(errno, "making the scratch image " + path.string());
    const int result = ::ftruncate(fd, static_cast<off_t>(size_bytes));
    const int error = errno;
    ::close(fd);
    if (result != 0) fail_errno(error, "making the scratch image " + path.string());
}

void set_drive(const qemu::Qmp& qmp, const std::string& device, const std::string& node) {
    qemu::call(qmp, "qom-set", {{"path", device}, {"property", "drive"}, {"value", node}});
}

// The QOM path of the device that has the property `drive`, from what query-block calls it.
std::string device_path(const std::string& qdev) {
    static constexpr std::string_view peripheral = "/machine/peripheral/";
    if (!qdev.starts_with(peripheral)) return std::string(peripheral) + qdev;
    return qdev.substr(0, qdev.find('/', peripheral.size()));
}

// Which node a filter passes requests on to: not necessarily the one that it was put above.
std::map<std::string, std::string> children(const qemu::Qmp& qmp) {
    std::map<std::string, std::string> result;
    const auto answer = qemu::call(qmp, "query-blockstats", {{"query-nodes", true}});
    for (const auto& item : qemu::array_of(answer)) {
        const auto& node = qemu::object_of(item);
        const auto* child = node.if_contains("parent");
        if (child == nullptr) continue;
        result[qemu::string_field_or(node, "node-name", "")] =
            qemu::string_field_or(qemu::object_of(*child), "node-name", "");
    }
    return result;
}

// What is below the filter can change between the question and its use (an external snapshot). Then
// QEMU refuses the old one, which has become a read-only backing image, and is asked again.
void take_out_filter(const qemu::Qmp& qmp, const std::string& device, const std::string& filter) {
    constexpr int tries = 3;
    for (int i = 1;; ++i) {
        try {
            set_drive(qmp, device, children(qmp)[filter]);
            return;
        } catch (const Error& error) {
            if (i == tries) throw;
            log_warning("taking the filter {} out again: {}", filter, error.what());
        }
    }
}

void take_out_filters(const qemu::Qmp& qmp, const std::vector<qemu::BlockNode>& nodes,
                      CollectionId collection) {
    const auto is_filter = [&](const qemu::BlockNode& node) {
        return parse_node_name(collection, node.name) == NodeKind::copy_before_write;
    };
    const auto serves = [](const qemu::BlockNode& node) { return node.name == qemu::served_node; };
    if (std::any_of(nodes.begin(), nodes.end(), serves)) {
        if (std::any_of(nodes.begin(), nodes.end(), is_filter))
            qemu::serve_through(qmp, qemu::served_disk_node);
        return;
    }
    for (const auto& disk : qemu::guest_disks(qmp))
        if (parse_node_name(collection, disk.node) == NodeKind::copy_before_write)
            take_out_filter(qmp, device_path(disk.qdev), disk.node);
}

}  // namespace

FleeceNames fleece_names(CollectionId collection, std::size_t disk) {
    return {node_name(collection, NodeKind::scratch, disk),
            node_name(collection, NodeKind::copy_before_write, disk),
            node_name(collection, NodeKind::snapshot, disk)};
}

void add_scratch(const qemu::Qmp& qmp, const LiveDisk& disk, const FleeceNames& names,
                 const std::filesystem::path& image) {
    make_sparse_file(image, disk.size_bytes);
    // Nobody reads the scratch image after a crash: flushing it would be for nothing.
    const json::object cache{{"no-flush", true}};
    const json::object file{{"driver", "file"}, {"filename", image.string()}, {"cache", cache}};
    qemu::call(qmp, "blockdev-add",
               {{"driver", "raw"}, {"node-name", names.scratch}, {"cache", cache}, {"file", file}});
}

// If the disk got another top image meanwhile (an external snapshot), its old one is read-only now,
// and QEMU refuses to give it to the guest, through a filter or not: nothing has to be compared.
void insert_filter(const qemu::Qmp& qmp, const LiveDisk& disk, const FleeceNames& names,
                   const std::string& bitmap, std::chrono::seconds write_wait_max) {
    qemu::call(qmp, "blockdev-add",
               {{"driver", "copy-before-write"},
                {"node-name", names.filter},
                {"file", disk.node},
                {"target", names.scratch},
                {"bitmap", json::object{{"node", disk.node}, {"name", bitmap}}},
                {"on-cbw-error", "break-snapshot"},
                {"cbw-timeout", write_wait_max.count()}});
    if (disk.device.empty())
        qemu::serve_through(qmp, names.filter);
    else
        set_drive(qmp, disk.device, names.filter);
}

// The filter's own bitmaps have no names; what is known of the unit is their granularity.
void confirm_cluster(const std::vector<qemu::BlockNode>& nodes, const FleeceNames& names) {
    for (const auto& node : nodes) {
        if (node.name != names.filter) continue;
        for (const auto& bitmap : node.bitmaps)
            if (bitmap.granularity_bytes < fleece_cluster)
                fail(Code::not_supported, "this QEMU puts data aside in units of {} bytes",
                     bitmap.granularity_bytes);
        return;
    }
    fail(Code::unavailable, "the filter {} went away", names.filter);
}

void add_snapshot(const qemu::Qmp& qmp, const FleeceNames& names) {
    qemu::call(
        qmp, "blockdev-add",
        {{"driver", "snapshot-access"}, {"node-name", names.snapshot}, {"file", names.filter}});
}

// From the reader's end to the guest's: each node is free when what reads it is gone. The filter
// can be taken away from above the running guest because QEMU lets the requests under way end
// first.
void remove_fleeces(const qemu::Qmp& qmp, CollectionId collection) {
    const auto nodes = qemu::block_nodes(qmp);
    const auto remove = [&](NodeKind kind) {
        for (const auto& node : nodes)
            if (parse_node_name(collection, node.name) == kind)
                qemu::call(qmp, "blockdev-del", {{"node-name", node.name}});
    };
    remove(NodeKind::snapshot);
    take_out_filters(qmp, nodes, collection);
    remove(NodeKind::copy_before_write);
    remove(NodeKind::scratch);
}

}  // namespace reviver::capture
