// What is left of our programs when we are killed: nothing. The owner that is killed is this
// program once more, running the same test, told by its environment that it is the one.
#include "base/error.h"
#include "qemu/image_tool.h"
#include "qemu/offline_export.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

namespace reviver::qemu {
namespace {

using std::chrono::milliseconds;

constexpr const char* told = "REVIVER_TEST_OWNS";

bool is_running(const std::string& word) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        const std::string line((std::istreambuf_iterator<char>(file)), {});
        if (line.find(word) != std::string::npos) return true;
    }
    return false;
}

bool comes_true(const std::function<bool()>& condition, milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
}

class KilledOwnerTest : public testing::Test {
  protected:
    // In the owner: what it is to own. Null in the test itself.
    static const char* owned() { return getenv(told); }
    static void say(char letter) { ASSERT_EQ(write(STDOUT_FILENO, &letter, 1), 1); }

    class Owner {
      public:
        explicit Owner(const std::string& what) {
            std::array<int, 2> ends{};
            if (pipe2(ends.data(), O_CLOEXEC) != 0) fail_errno(errno, "pipe");
            said_ = ends[0];
            const auto* test = testing::UnitTest::GetInstance()->current_test_info();
            std::string filter =
                fmt::format("--gtest_filter={}.{}", test->test_suite_name(), test->name());
            std::string program = "/proc/self/exe";
            std::array<char*, 4> arguments{program.data(), filter.data(), nullptr};
            posix_spawn_file_actions_t files;
            posix_spawn_file_actions_init(&files);
            posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
            setenv(told, what.c_str(), 1);
            const int error =
                posix_spawn(&pid_, program.c_str(), &files, nullptr, arguments.data(), environ);
            unsetenv(told);
            posix_spawn_file_actions_destroy(&files);
            close(ends[1]);
            if (error != 0) fail_errno(error, program);
        }
        ~Owner() {
            kill();
            close(said_);
        }
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        // What Google Test says before is not it.
        void wait_for(char letter) const {
            char got = 0;
            while (got != letter) ASSERT_EQ(read(said_, &got, 1), 1);
        }
        void kill() {
            if (pid_ < 0) return;
            ::kill(pid_, SIGKILL);
            waitpid(std::exchange(pid_, -1), nullptr, 0);
        }

      private:
        pid_t pid_ = -1;
        int said_ = -1;
    };

    static constexpr char begins = '\1';
    static constexpr char done = '\2';
};

// One that was killed before its qemu-nbd had a connection left that behind for ever.
TEST_F(KilledOwnerTest, AnExportIsGoneWhateverItsMoment) {
    if (owned() != nullptr) {
        // What is left of its directory goes with the test's.
        setenv("TMPDIR", std::filesystem::path(owned()).parent_path().c_str(), 1);
        say(begins);
        const OfflineExport exported({owned(), "qcow2", ""});
        say(done);
        for (;;) pause();
    }
    const ScratchDirectory directory;
    const auto image = directory.path() / "image";
    create_qcow2(image, 1 << 20);
    for (int moment = 0; moment <= 20; ++moment) {
        Owner owner(image);
        owner.wait_for(begins);
        if (moment == 20) owner.wait_for(done);
        std::this_thread::sleep_for(milliseconds(moment));
        owner.kill();
        EXPECT_TRUE(comes_true([&] { return !is_running(image); }, milliseconds(1000))) << moment;
    }
}

// A tool went on with an image that the next life of the daemon was at work with already.
TEST_F(KilledOwnerTest, AToolIsGone) {
    if (owned() != nullptr) {
        std::thread([] { run({"sleep", owned()}); }).join();
        return;
    }
    const std::string word = fmt::format("1000.{}", getpid());
    Owner owner(word);
    ASSERT_TRUE(comes_true([&] { return is_running(word); }, milliseconds(20000)));
    owner.kill();
    EXPECT_TRUE(comes_true([&] { return !is_running(word); }, milliseconds(1000)));
}

TEST_F(KilledOwnerTest, AProgramOutlivesTheThreadThatStartedIt) {
    std::unique_ptr<Process> program;
    std::thread([&] { program = std::make_unique<Process>(Command{"sleep", "1000"}); }).join();
    EXPECT_FALSE(comes_true([&] { return !program->running(); }, milliseconds(300)));
}

}  // namespace
}  // namespace reviver::qemu
