#include "capture/nbd_server.h"

#include "base/error.h"
#include "capture/limits.h"
#include "qemu/qmp_json.h"

#include <libnbd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

namespace reviver::capture {

namespace json = boost::json;

namespace {

// An export goes away when its last request is answered: a moment, unless the disk hangs.
constexpr auto export_end_max = std::chrono::seconds(10);
constexpr auto export_end_look = std::chrono::milliseconds(2);

void remove_file(const std::string& path) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) fail_errno(error.value(), "removing " + path);
}

bool greets(const std::string& socket) {
    const std::unique_ptr<nbd_handle, void (*)(nbd_handle*)> handle(nbd_create(), nbd_close);
    if (!handle) fail(Code::out_of_memory, "no memory for an NBD connection");
    nbd_set_opt_mode(handle.get(), true);
    if (nbd_connect_unix(handle.get(), socket.c_str()) != 0) return false;
    nbd_opt_abort(handle.get());
    return true;
}

}  // namespace

NbdServer::NbdServer(qemu::Qmp qmp, CollectionId collection, std::string socket, bool always)
    : qmp_(std::move(qmp)), collection_(collection), socket_(std::move(socket)), always_(always) {
    if (socket_.size() > socket_path_max)
        fail(Code::invalid_parameter,
             "the socket path {} is longer than {} bytes: choose a shorter directory", socket_,
             socket_path_max);
}

// Whoever listens on our path inside QEMU was started by us, be it in an earlier life.
bool NbdServer::answers() const {
    std::error_code ignored;
    return std::filesystem::exists(socket_, ignored) && greets(socket_);
}

void NbdServer::start() {
    if (always_ || answers()) return;
    remove_file(socket_);
    const json::object address{{"type", "unix"}, {"data", json::object{{"path", socket_}}}};
    try {
        qemu::call(qmp_, "nbd-server-start", {{"addr", address}, {"max-connections", 0}});
    } catch (Error& error) {
        if (std::string_view(error.what()).find("already running") == std::string_view::npos) throw;
        fail(Code::in_use,
             "an NBD server that is not ours runs in this VM's QEMU (a backup or a migration?): "
             "replication goes on when it has ended");
    }
}

qemu::NbdAddress NbdServer::add(const Export& what) {
    json::object arguments{{"type", "nbd"},
                           {"id", what.id},
                           {"node-name", what.node},
                           {"name", what.name},
                           {"writable", false}};
    if (!what.bitmap.empty())
        arguments["bitmaps"] =
            json::array{json::object{{"node", what.bitmap_node}, {"name", what.bitmap}}};
    qemu::call(qmp_, "block-export-add", arguments);
    return {socket_, what.name};
}

std::vector<std::string> NbdServer::export_ids() {
    std::vector<std::string> ids;
    const auto answer = qemu::call(qmp_, "query-block-exports");
    for (const auto& item : qemu::array_of(answer))
        ids.push_back(qemu::string_field(qemu::object_of(item), "id"));
    return ids;
}

void NbdServer::remove_exports(const std::vector<std::string>& ids) {
    const auto present = [&] {
        auto now = export_ids();
        std::erase_if(now, [&](const auto& id) {
            return std::find(ids.begin(), ids.end(), id) == ids.end();
        });
        return now;
    };
    for (const auto& id : present())
        qemu::call(qmp_, "block-export-del", {{"id", id}, {"mode", "hard"}});
    const auto deadline = std::chrono::steady_clock::now() + export_end_max;
    while (!present().empty()) {
        if (std::chrono::steady_clock::now() > deadline)
            fail(Code::timeout, "QEMU does not end an export of ours within {} s",
                 export_end_max.count());
        std::this_thread::sleep_for(export_end_look);
    }
}

void NbdServer::stop() {
    auto ids = export_ids();
    std::erase_if(ids, [&](const auto& id) { return !id.starts_with(name_prefix(collection_)); });
    if (!ids.empty()) remove_exports(ids);
    if (always_) return;
    if (answers()) qemu::call(qmp_, "nbd-server-stop");
    remove_file(socket_);
}

}  // namespace reviver::capture
