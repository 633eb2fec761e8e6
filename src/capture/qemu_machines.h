// For tests: virtual machines that are QEMU processes without libvirt, so that a test can start,
// stop and kill them many times a second. Real QEMU, real disks; a guest's write is one that the
// device's own block backend makes (qemu-io through the monitor), so it goes the way of a guest's
// write, filters included.
#pragma once

#include "base/check.h"
#include "base/error.h"
#include "hypervisor/guest_agents.h"
#include "hypervisor/hypervisor.h"
#include "qemu/qmp_json.h"

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

extern char** environ;

namespace reviver::capture {

namespace json = boost::json;

// One connection to a QEMU's monitor.
class Monitor {
  public:
    explicit Monitor(const std::string& socket) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket.copy(address.sun_path, sizeof address.sun_path - 1);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        for (;;) {
            fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) break;
            ::close(fd_);
            if (std::chrono::steady_clock::now() > deadline)
                fail(Code::timeout, "QEMU did not start");
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        const timeval silence_max{20, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &silence_max, sizeof silence_max);
        line();
        command("qmp_capabilities", "");
    }
    ~Monitor() { ::close(fd_); }
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    std::string command(const std::string& name, const std::string& arguments) {
        const std::lock_guard lock(mutex_);
        const auto text = fmt::format("{{\"execute\":\"{}\"{}}}\n", name,
                                      arguments.empty() ? "" : ",\"arguments\":" + arguments);
        if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) < 0) lost();
        for (;;) {
            const auto answer = json::parse(line()).as_object();
            if (const auto* result = answer.if_contains("return")) return json::serialize(*result);
            if (const auto* error = answer.if_contains("error"))
                fail(Code::failed, "{}: {}", name, json::value_to<std::string>(error->at("desc")));
        }
    }

  private:
    [[noreturn]] static void lost() { fail(Code::unavailable, "QEMU went away"); }

    std::string line() {
        for (;;) {
            const auto end = buffer_.find('\n');
            if (end != std::string::npos) {
                auto result = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                return result;
            }
            char block[4096];
            const auto got = ::recv(fd_, block, sizeof block, 0);
            if (got <= 0) lost();
            buffer_.append(block, static_cast<std::size_t>(got));
        }
    }

    int fd_ = -1;
    std::mutex mutex_;
    std::string buffer_;
};

class QemuMachines : public hypervisor::Hypervisor, public hypervisor::GuestAgents {
  public:
    explicit QemuMachines(std::filesystem::path directory) : directory_(std::move(directory)) {}
    ~QemuMachines() override {
        for (auto& [id, machine] : machines_) end(machine, SIGKILL);
    }

    VmId add(const std::string& name, std::vector<hypervisor::Disk> disks) {
        Machine machine;
        machine.domain.id =
            VmId(Uuid::parse(fmt::format("00000000-0000-0000-0000-{:012}", machines_.size() + 1))
                     .value());
        machine.domain.name = name;
        machine.domain.xml = "<domain/>";
        for (std::size_t i = 0; i < disks.size(); ++i)
            disks[i].alias = fmt::format("virtio-disk{}", i);
        machine.domain.disks = std::move(disks);
        const auto id = machine.domain.id;
        machines_[id] = std::move(machine);
        return id;
    }

    std::vector<hypervisor::Domain> domains() override {
        std::vector<hypervisor::Domain> all;
        for (auto& [id, machine] : machines_) all.push_back(domain(id));
        return all;
    }

    hypervisor::Domain domain(VmId id) override {
        auto& machine = at(id);
        machine.domain.power = power(machine);
        machine.domain.process_id = machine.domain.power == hypervisor::Power::off
                                        ? 0
                                        : static_cast<std::int64_t>(machine.starts);
        return machine.domain;
    }

    VmId define(const std::string&) override { fail(Code::not_supported, "not defined by XML"); }
    void undefine(VmId id) override { machines_.erase(id); }
    void set_autostart(VmId, bool) override {}
    void ask_to_shut_down(VmId id) override { power_off(id); }
    void power_off(VmId id) override { end(at(id), SIGTERM); }
    void kill(VmId id) { end(at(id), SIGKILL); }

    void start(VmId id) override {
        auto& machine = at(id);
        REVIVER_CHECK(machine.pid == 0);
        const auto socket = (directory_ / (machine.domain.name + ".qmp")).string();
        std::filesystem::remove(socket);
        machine.pid = spawn(command_line(machine, socket));
        machine.monitor = std::make_shared<Monitor>(socket);
        ++machine.starts;
        for (auto* listener : listeners_) (*listener)({id, hypervisor::DomainEvent::Kind::started});
    }

    std::string qmp(VmId id, const std::string& command, const std::string& arguments) override {
        const auto monitor = at(id).monitor;
        if (!monitor) fail(Code::unavailable, "the VM is off");
        if (before_command) before_command(id, command);
        return monitor->command(command, arguments);
    }
    // There is no guest in the VM: its agent is the test's, which may watch, or fail, what it is
    // asked.
    hypervisor::GuestAgents* guest_agents() override { return this; }
    bool connected(VmId) override { return true; }
    unsigned freeze(VmId id, std::chrono::seconds) override { return ask_agent(id, "freeze"); }
    unsigned thaw(VmId id, std::chrono::seconds) override { return ask_agent(id, "thaw"); }
    std::function<void(VmId, const std::string&)> before_agent;

    // A test may watch, or fail, what is asked of QEMU.
    std::function<void(VmId, const std::string&)> before_command;

    std::shared_ptr<void> subscribe(
        std::function<void(const hypervisor::DomainEvent&)> listener) override {
        auto* kept = new std::function(std::move(listener));
        listeners_.insert(kept);
        return {kept, [this](void* gone) {
                    auto* function =
                        static_cast<std::function<void(const hypervisor::DomainEvent&)>*>(gone);
                    listeners_.erase(function);
                    delete function;
                }};
    }

    // `command` in the words of qemu-io: "write -P 7 0 64k", "discard 1M 1M".
    void guest_io(VmId id, std::size_t disk, const std::string& command) {
        const auto line = fmt::format(
            "qemu-io -d /machine/peripheral/virtio-disk{}/virtio-backend \"{}\"", disk, command);
        const auto answer =
            qmp(id, "human-monitor-command", json::serialize(json::object{{"command-line", line}}));
        if (answer.find("failed") != std::string::npos || answer.find("rror") != std::string::npos)
            fail(Code::failed, "the guest got an error: {}", answer);
    }

    // As `virsh edit` does while the VM is off.
    void give(VmId id, std::size_t disk, const std::string& image) {
        at(id).domain.disks.at(disk).source = image;
    }

    void flush(VmId id) {
        for (std::size_t i = 0; i < at(id).domain.disks.size(); ++i) guest_io(id, i, "flush");
    }

  private:
    struct Machine {
        hypervisor::Domain domain;
        pid_t pid = 0;
        std::uint64_t starts = 0;
        std::shared_ptr<Monitor> monitor;
    };

    unsigned ask_agent(VmId id, const std::string& what) {
        if (power(at(id)) != hypervisor::Power::running) fail(Code::invalid_state, "held");
        if (before_agent) before_agent(id, what);
        return 1;
    }

    Machine& at(VmId id) {
        const auto it = machines_.find(id);
        if (it == machines_.end()) fail(Code::not_found, "no VM {}", id.text());
        return it->second;
    }

    hypervisor::Power power(Machine& machine) {
        if (!machine.monitor) return hypervisor::Power::off;
        const auto status = qemu::parse_json(machine.monitor->command("query-status", ""));
        return qemu::bool_field(qemu::object_of(status), "running") ? hypervisor::Power::running
                                                                    : hypervisor::Power::held;
    }

    static std::vector<std::string> command_line(const Machine& machine,
                                                 const std::string& socket) {
        std::vector<std::string> line{"qemu-system-x86_64",
                                      "-machine",
                                      "q35,accel=tcg",
                                      "-m",
                                      "16",
                                      "-nodefaults",
                                      "-display",
                                      "none",
                                      "-qmp",
                                      "unix:" + socket + ",server=on,wait=off"};
        for (std::size_t i = 0; i < machine.domain.disks.size(); ++i) {
            const auto& disk = machine.domain.disks[i];
            const auto node = fmt::format("libvirt-{}-format", i);
            const json::object file{
                {"driver", "file"}, {"filename", disk.source}, {"discard", "unmap"}};
            const json::object format{
                {"driver", disk.format}, {"node-name", node}, {"file", file}, {"discard", "unmap"}};
            line.insert(line.end(),
                        {"-blockdev", json::serialize(format), "-device",
                         fmt::format("virtio-blk-pci,id={},drive={}", disk.alias, node)});
        }
        return line;
    }

    static pid_t spawn(const std::vector<std::string>& line) {
        std::vector<char*> argv;
        for (const auto& word : line) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        pid_t pid = 0;
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        for (const int output : {STDOUT_FILENO, STDERR_FILENO})
            posix_spawn_file_actions_addopen(&files, output, "/dev/null", O_WRONLY, 0);
        const int error = posix_spawnp(&pid, argv[0], &files, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&files);
        if (error != 0) fail_errno(error, "starting QEMU");
        return pid;
    }

    static void end(Machine& machine, int signal) {
        machine.monitor.reset();
        if (machine.pid == 0) return;
        ::kill(machine.pid, signal);
        ::waitpid(machine.pid, nullptr, 0);
        machine.pid = 0;
    }

    std::filesystem::path directory_;
    std::map<VmId, Machine> machines_;
    std::set<std::function<void(const hypervisor::DomainEvent&)>*> listeners_;
};

// A directory that goes with its object.
class TestDirectory {
  public:
    TestDirectory() {
        std::string name = "/tmp/reviver-capture-XXXXXX";
        if (mkdtemp(name.data()) == nullptr) fail_errno(errno, "making a directory");
        path_ = name;
    }
    ~TestDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace reviver::capture
