#include "qemu/process.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

namespace reviver::qemu {

namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { reset(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1) {
        if (fd_ >= 0) close(fd_);
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

struct Pipe {
    Descriptor read_end;
    Descriptor write_end;
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) fail_errno(errno, "pipe");
        read_end.reset(ends[0]);
        write_end.reset(ends[1]);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
};

class SpawnSettings {
  public:
    SpawnSettings() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        sigset_t none;
        sigemptyset(&none);
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

// What becomes the program's descriptors 1, 2 and 3; -1 for /dev/null, and for no descriptor 3.
struct Descriptors {
    int output = -1;
    int errors = -1;
    int given = -1;
};

void add_descriptor(posix_spawn_file_actions_t& actions, int from, int to) {
    if (from >= 0) {
        posix_spawn_file_actions_adddup2(&actions, from, to);
    } else {
        posix_spawn_file_actions_addopen(&actions, to, "/dev/null", O_RDWR, 0);
    }
}

pid_t spawn(const Command& command, const Descriptors& descriptors) {
    REVIVER_CHECK(!command.empty());
    SpawnSettings settings;
    add_descriptor(settings.actions, -1, STDIN_FILENO);
    add_descriptor(settings.actions, descriptors.output, STDOUT_FILENO);
    add_descriptor(settings.actions, descriptors.errors, STDERR_FILENO);
    if (descriptors.given >= 0) add_descriptor(settings.actions, descriptors.given, 3);
    posix_spawn_file_actions_addclosefrom_np(&settings.actions, descriptors.given >= 0 ? 4 : 3);

    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t pid = -1;
    const int failure = posix_spawnp(&pid, arguments[0], &settings.actions, &settings.attributes,
                                     arguments.data(), environ);
    if (failure == ENOENT) {
        fail(Code::not_found,
             "{} is not installed: install the packages qemu-utils and qemu-system", command[0]);
    }
    if (failure != 0) fail_errno(failure, "starting " + command[0]);
    return pid;
}

// Adds what is there to be read, up to the limit; the rest is read and dropped so that the program
// never waits for us. False at the end of the stream.
bool drain(int fd, std::string& to) {
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t count = read(fd, buffer.data(), buffer.size());
        if (count == 0) return false;
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        const std::size_t room = process_output_max - std::min(to.size(), process_output_max);
        to.append(buffer.data(), std::min<std::size_t>(room, static_cast<std::size_t>(count)));
    }
}

// A descriptor that becomes readable when the process ends. By number: the header of glibc 2.36
// declares pidfd_open() in a way that C++ cannot link.
int watch_end_of(pid_t pid) {
    const long fd = syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) fail_errno(errno, "watching a process");
    return static_cast<int>(fd);
}

int reap(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) REVIVER_CHECK(errno == EINTR);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void kill_and_reap(pid_t pid) {
    kill(pid, SIGKILL);
    reap(pid);
}

std::string last_lines(const std::string& text) {
    constexpr std::size_t length_max = 2000;
    std::string tail = text.size() > length_max ? text.substr(text.size() - length_max) : text;
    while (!tail.empty() && (tail.back() == '\n' || tail.back() == ' ')) tail.pop_back();
    return tail;
}

}  // namespace

Finished run(const Command& command, const RunLimits& limits) {
    Pipe output;
    Pipe errors;
    const pid_t pid = spawn(command, {output.write_end.get(), errors.write_end.get(), -1});
    output.write_end.reset();
    errors.write_end.reset();
    const Descriptor ended(watch_end_of(pid));
    const auto deadline = Clock::now() + limits.time_max;

    Finished finished;
    std::array<pollfd, 3> waits{pollfd{ended.get(), POLLIN, 0},
                                pollfd{output.read_end.get(), POLLIN, 0},
                                pollfd{errors.read_end.get(), POLLIN, 0}};
    while (waits[0].revents == 0) {
        poll(waits.data(), waits.size(), 100);
        if (waits[1].revents != 0 && !drain(waits[1].fd, finished.output)) waits[1].fd = -1;
        if (waits[2].revents != 0 && !drain(waits[2].fd, finished.errors)) waits[2].fd = -1;
        const bool cancelled = limits.cancel != nullptr && limits.cancel->load();
        if (waits[0].revents == 0 && (cancelled || Clock::now() > deadline)) {
            kill_and_reap(pid);
            if (cancelled) fail(Code::stopped, "{} was cancelled", command[0]);
            fail(Code::timeout, "{} did not end within {} s", command[0],
                 std::chrono::duration_cast<std::chrono::seconds>(limits.time_max).count());
        }
    }
    drain(output.read_end.get(), finished.output);
    drain(errors.read_end.get(), finished.errors);
    finished.exit_status = reap(pid);
    return finished;
}

std::string run_checked(const Command& command, const RunLimits& limits) {
    Finished finished = run(command, limits);
    if (finished.exit_status == 0) return std::move(finished.output);
    const bool full = finished.errors.find("No space left on device") != std::string::npos;
    fail(full ? Code::no_space : Code::failed, "{} {} failed ({}): {}", command[0],
         command.size() > 1 ? command[1] : "", finished.exit_status, last_lines(finished.errors));
}

Process::Process(const Command& command, std::optional<int> given_fd) {
    Pipe pipe;
    if (given_fd) {
        // Only the process itself knows its id before it is needed: the shell sets it and becomes
        // the program.
        Command announced{"/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"};
        announced.insert(announced.end(), command.begin(), command.end());
        pid_ = spawn(announced, {-1, pipe.write_end.get(), *given_fd});
    } else {
        pid_ = spawn(command, {-1, pipe.write_end.get(), -1});
    }
    errors_fd_ = pipe.read_end.release();
}

Process::~Process() {
    end();
    close(errors_fd_);
}

bool Process::running() {
    if (pid_ < 0) return false;
    if (waitpid(pid_, nullptr, WNOHANG) != pid_) return true;
    pid_ = -1;
    return false;
}

void Process::end() {
    if (!running()) return;
    kill(pid_, SIGTERM);
    const Descriptor ended(watch_end_of(pid_));
    pollfd wait{ended.get(), POLLIN, 0};
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(process_end_max);
    if (poll(&wait, 1, static_cast<int>(patience.count())) != 1) kill(pid_, SIGKILL);
    reap(pid_);
    pid_ = -1;
}

std::string Process::errors() {
    drain(errors_fd_, errors_);
    return last_lines(errors_);
}

}  // namespace reviver::qemu
