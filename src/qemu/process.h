// Running QEMU's own programs: to their end within a bounded time, or beside us until they are no
// longer needed.
//
// A program gets an empty stdin and no file descriptor of ours but those it is given, and does not
// outlive this process, not even one that is killed. Errors: Code::not_found when the program is
// not installed, Code::timeout when it was killed for taking too long, Code::stopped when the
// caller's cancel flag was raised. Any thread may call; an object belongs to one thread at a time.
#pragma once

#include "qemu/limits.h"
#include "sys/descriptor.h"

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace reviver::qemu {

using Command =
    std::vector<std::string>;  // program and arguments; the program is looked up in PATH

struct Finished {
    int exit_status = 0;  // 128 + n when signal n ended it
    std::string output;
    std::string errors;
};

struct RunLimits {
    std::chrono::milliseconds time_max = tool_time_max;
    const std::atomic<bool>* cancel = nullptr;
};

// Runs to the end, whatever the exit status.
Finished run(const Command& command, const RunLimits& limits = {});
// Runs to the end; an exit status other than 0 is thrown as Code::failed (Code::no_space where the
// program says so) with what it said.
std::string run_checked(const Command& command, const RunLimits& limits = {});

// A program that runs beside us. Destroying it ends the program: SIGTERM, then SIGKILL.
class Process {
  public:
    // `given_fd` becomes descriptor 3 of the program, announced as systemd announces a listening
    // socket (sd_listen_fds(3)).
    explicit Process(const Command& command, std::optional<int> given_fd = std::nullopt);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const { return pid_; }
    bool running();
    void end();
    // What it wrote to stderr so far (up to process_output_max).
    std::string errors();

  private:
    pid_t pid_ = -1;
    sys::Descriptor stderr_;
    std::string errors_;
};

}  // namespace reviver::qemu
