#include "sharing/storage_daemon.h"

#include "base/error.h"
#include "qemu/process.h"
#include "qemu/qmp_json.h"
#include "qemu/served_disk.h"
#include "sharing/limits.h"

#include <boost/json.hpp>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace reviver::sharing {

namespace json = boost::json;

namespace {

constexpr const char* program = "qemu-storage-daemon";

std::string content_of(const sys::Path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

sys::Path of_process(std::int64_t pid, const char* what) {
    return sys::Path("/proc") / std::to_string(pid) / what;
}

// What follows the name in /proc/PID/stat: state first, the start time as the 20th. The name may
// hold anything, so it is looked for from behind.
std::vector<std::string> status_of(std::int64_t pid) {
    const std::string text = content_of(of_process(pid, "stat"));
    const auto end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return {};
    std::istringstream rest(text.substr(end_of_name + 1));
    std::vector<std::string> words;
    for (std::string word; rest >> word;) words.push_back(word);
    return words;
}

json::object file_of(const sys::Path& path) {
    const bool device = std::filesystem::is_block_file(path);
    return {{"driver", device ? "host_device" : "file"},
            {"filename", path.string()},
            {"discard", "unmap"}};
}

std::vector<std::string> nodes_of(const Image& image) {
    const json::object disk{{"driver", image.format},
                            {"node-name", qemu::served_disk_node},
                            {"discard", "unmap"},
                            {"file", file_of(image.path)}};
    const json::object served{{"driver", "raw"},
                              {"node-name", qemu::served_node},
                              {"discard", "unmap"},
                              {"file", qemu::served_disk_node}};
    return {"--blockdev", json::serialize(disk), "--blockdev", json::serialize(served)};
}

// As an option of the form key=value,key=value.
std::string option_text(const std::string& text) {
    std::string result;
    for (const char c : text) result += c == ',' ? std::string(",,") : std::string(1, c);
    return result;
}

constexpr const char* export_prefix = "vm-";

}  // namespace

StorageDaemon::StorageDaemon(sys::Path data, VmId disk)
    : data_(std::filesystem::absolute(data)),
      disk_(disk),
      directory_(hypervisor::shared_disk_directory(data_, disk)) {}

// A pid is used again by others; ours has the path of its pid file in its command line.
std::int64_t StorageDaemon::process() const {
    std::int64_t pid = 0;
    std::ifstream(directory_ / "pid") >> pid;
    if (pid <= 0) return 0;
    const std::string command = content_of(of_process(pid, "cmdline"));
    const bool ours = command.find(program) != std::string::npos &&
                      command.find((directory_ / "pid").string()) != std::string::npos;
    return ours ? pid : 0;
}

std::int64_t StorageDaemon::run() const {
    constexpr std::size_t state = 0, start_time = 19;
    const std::int64_t pid = process();
    if (pid == 0) return 0;
    const auto words = status_of(pid);
    if (words.size() <= start_time || words[state] == "Z") return 0;
    return std::stoll(words[start_time]);
}

void StorageDaemon::start(const Image& image) {
    drop_monitor();
    const std::string monitor = (directory_ / "qmp").string();
    qemu::Command command{
        program,        "--daemonize",
        "--pidfile",    (directory_ / "pid").string(),
        "--chardev",    "socket,id=monitor,server=on,wait=off,path=" + option_text(monitor),
        "--monitor",    "chardev=monitor",
        "--nbd-server", "addr.type=unix,addr.path=" + option_text(nbd_socket())};
    for (auto& word : nodes_of(image)) command.push_back(std::move(word));
    qemu::run_checked(command);
}

void StorageDaemon::end() {
    const std::int64_t pid = process();
    drop_monitor();
    if (pid == 0 || run() == 0) return;
    if (::kill(static_cast<pid_t>(pid), SIGTERM) != 0 && errno != ESRCH)
        fail_errno(errno, "ending a storage daemon");
    const auto until = std::chrono::steady_clock::now() + end_max;
    while (run() != 0) {
        if (std::chrono::steady_clock::now() > until)
            fail(Code::timeout, "the storage daemon (process {}) does not end within {} s", pid,
                 end_max.count());
        std::this_thread::sleep_for(end_look);
    }
}

void StorageDaemon::export_to(const std::vector<VmId>& vms) {
    const qemu::Qmp ask = [this](const auto& command, const auto& arguments) {
        return qmp(command, arguments);
    };
    std::set<std::string> present;
    const json::value answer = qemu::call(ask, "query-block-exports");
    for (const json::value& item : qemu::array_of(answer)) {
        const std::string id = qemu::string_field(qemu::object_of(item), "id");
        if (id.starts_with(export_prefix)) present.insert(id);
    }
    std::set<std::string> wanted;
    for (const VmId vm : vms) {
        const std::string name = hypervisor::shared_disk_export(vm);
        const std::string id = export_prefix + name;
        wanted.insert(id);
        if (present.contains(id)) continue;
        qemu::call(ask, "block-export-add",
                   {{"type", "nbd"},
                    {"id", id},
                    {"name", name},
                    {"node-name", qemu::served_node},
                    {"writable", true}});
    }
    for (const std::string& id : present)
        if (!wanted.contains(id))
            qemu::call(ask, "block-export-del", {{"id", id}, {"mode", "hard"}});
}

std::shared_ptr<qemu::Monitor> StorageDaemon::monitor() {
    const std::lock_guard lock(mutex_);
    if (!monitor_) monitor_ = std::make_shared<qemu::Monitor>(directory_ / "qmp");
    return monitor_;
}

void StorageDaemon::drop_monitor() {
    const std::lock_guard lock(mutex_);
    monitor_.reset();
}

std::string StorageDaemon::qmp(const std::string& command, const std::string& arguments) {
    const auto connection = monitor();
    try {
        return connection->call(command, arguments);
    } catch (const Error& error) {
        if (error.code() != Code::failed) drop_monitor();
        throw;
    }
}

}  // namespace reviver::sharing
