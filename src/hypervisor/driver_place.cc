#include "hypervisor/driver_place.h"

#include "base/error.h"
#include "hypervisor/limits.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <string_view>

namespace reviver::hypervisor {

namespace {

// The values say what an embedded driver cannot do otherwise: it has no virtlogd to hand QEMU's
// output to. QEMU runs as who runs this daemon, as it does under qemu:///session; as another user
// it could not enter a data directory that is closed to others, and libvirt would find /dev/kvm
// changed at every start and probe QEMU anew for seconds.
constexpr std::string_view first_configuration =
    "# Written once by reviverd; edit freely. Reference: libvirt's qemu.conf.\n"
    "stdio_handler = \"file\"\n"
    "remember_owner = 0\n";
constexpr std::string_view first_configuration_as_root =
    "user = \"root\"\n"
    "group = \"root\"\n";

// The value of `key` in the query part of a URI, %XX decoded.
std::string query_value(const std::string& uri, std::string_view key) {
    const auto query = uri.find('?');
    if (query == std::string::npos) return {};
    const std::string wanted = std::string(key) + "=";
    auto at = uri.find(wanted, query);
    if (at == std::string::npos || (uri[at - 1] != '?' && uri[at - 1] != '&')) return {};
    at += wanted.size();
    const auto end = std::min(uri.find('&', at), uri.size());
    std::string value;
    for (; at < end; ++at) {
        if (uri[at] == '%' && at + 2 < end) {
            value += static_cast<char>(std::stoi(uri.substr(at + 1, 2), nullptr, 16));
            at += 2;
        } else {
            value += uri[at];
        }
    }
    return value;
}

void claim_root(const std::filesystem::path& root) {
    static std::mutex mutex;
    static std::filesystem::path claimed;
    const std::lock_guard lock(mutex);
    if (claimed.empty()) claimed = root;
    if (claimed == root) return;
    fail(Code::in_use, "this process runs the embedded driver of {} and cannot run that of {} too",
         claimed.string(), root.string());
}

std::filesystem::path session_pid_files() {
    const char* runtime = getenv("XDG_RUNTIME_DIR");
    return runtime == nullptr ? "" : std::filesystem::path(runtime) / "libvirt/qemu/run";
}

}  // namespace

DriverPlace::DriverPlace(const std::string& uri) {
    if (uri.starts_with("qemu:///embed")) {
        root_ = query_value(uri, "root");
        if (!root_.is_absolute()) {
            fail(Code::invalid_parameter,
                 "'{}' names no absolute directory: write qemu:///embed?root=/DIRECTORY", uri);
        }
        if (root_.string().size() > root_length_max) {
            fail(Code::invalid_parameter,
                 "{} is too long: libvirt makes sockets below it, whose paths may have 107 bytes. "
                 "Use a directory of at most {} bytes",
                 root_.string(), root_length_max);
        }
        pid_files_ = root_ / "run/qemu";
    } else if (uri.starts_with("qemu:///system")) {
        pid_files_ = "/run/libvirt/qemu";
    } else if (uri.starts_with("qemu:///session")) {
        pid_files_ = session_pid_files();
    }
}

void DriverPlace::prepare() const {
    if (!embedded()) return;
    claim_root(root_);
    std::error_code error;
    std::filesystem::create_directories(root_ / "etc", error);
    std::filesystem::create_directories(root_ / "log", error);
    if (error) fail_errno(error.value(), "making " + root_.string());
    if (!std::filesystem::exists(root_ / "etc/qemu.conf")) {
        std::ofstream file(root_ / "etc/qemu.conf");
        file << first_configuration;
        if (geteuid() == 0) file << first_configuration_as_root;
        if (!file.flush()) fail(Code::failed, "cannot write {}/etc/qemu.conf", root_.string());
    }
    const std::string output = "3:file:" + (root_ / "log/libvirt.log").string();
    setenv("LIBVIRT_LOG_OUTPUTS", output.c_str(), 0);
}

std::int64_t DriverPlace::start_time(const std::string& domain_name) const {
    struct stat status {};
    if (pid_files_.empty()) return 0;
    // QEMU writes the file once, at its start.
    if (stat((pid_files_ / (domain_name + ".pid")).c_str(), &status) != 0) return 0;
    return status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1000;
}

}  // namespace reviver::hypervisor
