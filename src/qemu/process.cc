#include "qemu/process.h"

#include "base/check.h"
#include "base/error.h"
#include "qemu/pipe.h"
#include "qemu/spawn.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace reviver::qemu {

namespace {

using Clock = std::chrono::steady_clock;

// One whose reader never waits.
struct OutputPipe : Pipe {
    OutputPipe() { fcntl(read_end.get(), F_SETFL, O_NONBLOCK); }
};

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
    OutputPipe output;
    OutputPipe errors;
    const pid_t pid = spawn(command, {output.write_end.get(), errors.write_end.get(), -1});
    output.write_end = {};
    errors.write_end = {};
    const sys::Descriptor ended(watch_end_of(pid));
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
    OutputPipe pipe;
    if (given_fd) {
        // Only the process itself knows its id before it is needed: the shell sets it and becomes
        // the program.
        Command announced{"/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"};
        announced.insert(announced.end(), command.begin(), command.end());
        pid_ = spawn(announced, {-1, pipe.write_end.get(), *given_fd});
    } else {
        pid_ = spawn(command, {-1, pipe.write_end.get(), -1});
    }
    stderr_ = std::move(pipe.read_end);
}

Process::~Process() {
    end();
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
    const sys::Descriptor ended(watch_end_of(pid_));
    pollfd wait{ended.get(), POLLIN, 0};
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(process_end_max);
    if (poll(&wait, 1, static_cast<int>(patience.count())) != 1) kill(pid_, SIGKILL);
    reap(pid_);
    pid_ = -1;
}

std::string Process::errors() {
    drain(stderr_.get(), errors_);
    return last_lines(errors_);
}

}  // namespace reviver::qemu
