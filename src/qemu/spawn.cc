// Nothing that we do at our end helps against kill -9, so the kernel has to do it: a child that
// asked for PR_SET_PDEATHSIG gets that signal when its parent dies. Two things about that:
//
//   * The parent is the thread that made the child, not its process. So one thread, which lives as
//     long as the process does, makes all of them.
//   * We may die after the child was made and before it asked; then it has another parent already
//     by the time it looks, and ends by itself. It asks first and looks afterwards: a death in
//     between is a signal. All of this is before exec, so there is no moment at which the program
//     runs without it.
//
// It stays through exec (no program of QEMU's has the rights of another account, which would clear
// it), and a child of the program does not inherit it: a storage daemon outlives us.
//
// posix_spawn() cannot ask for it, so the child does what that would do. It shares our memory until
// exec, as with posix_spawn(): it calls the kernel and nothing else.
#include "qemu/spawn.h"

#include "base/check.h"
#include "base/error.h"
#include "qemu/pipe.h"

#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace reviver::qemu {

namespace {

constexpr int first_own_descriptor = 10;  // above all that a program is given

struct Plan {
    std::array<int, 4> descriptors{};  // the program's 0 to 3
    unsigned count = 0;                // of them
    int report = -1;                   // gets errno when there is no program
    pid_t parent = -1;
    char* const* arguments = nullptr;
};

[[noreturn]] void give_up(const Plan& plan) {
    const int error = errno;
    [[maybe_unused]] const auto written = write(plan.report, &error, sizeof error);
    _exit(127);
}

[[noreturn]] void become_program(const Plan& plan) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(plan);
    if (getppid() != plan.parent) _exit(127);
    struct sigaction by_default {};
    by_default.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) sigaction(number, &by_default, nullptr);
    for (unsigned to = 0; to < plan.count; ++to) {
        const int from = plan.descriptors[to];
        const bool in_place = from == static_cast<int>(to);
        const int result = in_place ? fcntl(from, F_SETFD, 0) : dup2(from, static_cast<int>(to));
        if (result < 0) give_up(plan);
    }
    if (close_range(plan.count, ~0u, CLOSE_RANGE_CLOEXEC) != 0) give_up(plan);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execvp(plan.arguments[0], plan.arguments);
    give_up(plan);
}

pid_t make_child(const Command& command, const Descriptors& wanted) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const sys::Descriptor nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    Pipe report;
    report.write_end =
        sys::Descriptor(fcntl(report.write_end.get(), F_DUPFD_CLOEXEC, first_own_descriptor));
    if (nothing.get() < 0 || report.write_end.get() < 0)
        fail_errno(errno, "starting " + command[0]);

    const auto or_nothing = [&](int fd) { return fd < 0 ? nothing.get() : fd; };
    Plan plan;
    plan.descriptors = {nothing.get(), or_nothing(wanted.output), or_nothing(wanted.errors),
                        wanted.given};
    plan.count = wanted.given < 0 ? 3 : 4;
    plan.report = report.write_end.get();
    plan.parent = getpid();
    plan.arguments = arguments.data();
    const pid_t pid = vfork();
    if (pid == 0) become_program(plan);
    if (pid < 0) fail_errno(errno, "starting " + command[0]);
    report.write_end = {};

    int error = 0;
    if (read(report.read_end.get(), &error, sizeof error) != sizeof error) return pid;
    while (waitpid(pid, nullptr, 0) < 0) REVIVER_CHECK(errno == EINTR);
    if (error == ENOENT) {
        fail(Code::not_found,
             "{} is not installed: install the packages qemu-utils and qemu-system", command[0]);
    }
    fail_errno(error, "starting " + command[0]);
}

// The thread that is every program's parent. Never joined: it ends with the process.
class Spawner {
  public:
    // No handler may run in a child, where it would work on our memory.
    Spawner() {
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        std::thread([this] { serve(); }).detach();
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    pid_t spawn(const Command& command, const Descriptors& descriptors) {
        std::packaged_task<pid_t()> task([&] { return make_child(command, descriptors); });
        auto result = task.get_future();
        {
            const std::lock_guard lock(mutex_);
            tasks_.push_back(std::move(task));
        }
        wake_.notify_one();
        return result.get();
    }

  private:
    void serve() {
        for (;;) {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return !tasks_.empty(); });
            auto task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::packaged_task<pid_t()>> tasks_;
};

}  // namespace

pid_t spawn(const Command& command, const Descriptors& descriptors) {
    REVIVER_CHECK(!command.empty());
    static Spawner& spawner = *new Spawner;
    return spawner.spawn(command, descriptors);
}

}  // namespace reviver::qemu
