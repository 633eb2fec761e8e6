#include "qemu/process.h"

#include "base/error.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace reviver::qemu {
namespace {

Code code_of(const auto& action) {
    try {
        action();
    } catch (const Error& e) {
        return e.code();
    }
    ADD_FAILURE() << "no error";
    return Code::failed;
}

TEST(Process, KeepsOutputErrorsAndStatusApart) {
    const Finished finished = run({"sh", "-c", "echo out; echo err >&2; exit 3"});
    EXPECT_EQ(finished.output, "out\n");
    EXPECT_EQ(finished.errors, "err\n");
    EXPECT_EQ(finished.exit_status, 3);
}

TEST(Process, SaysWhatTheProgramSaid) {
    try {
        run_checked({"sh", "-c", "echo the disk is wet >&2; exit 1"});
        FAIL();
    } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find("the disk is wet"), std::string::npos) << e.what();
    }
}

TEST(Process, KnowsAFullDisk) {
    EXPECT_EQ(code_of([] {
                  run_checked({"sh", "-c", "echo 'write: No space left on device' >&2; exit 1"});
              }),
              Code::no_space);
}

TEST(Process, IsKilledAfterItsTime) {
    EXPECT_EQ(code_of([] {
                  run({"sleep", "60"}, {.time_max = std::chrono::milliseconds(50)});
              }),
              Code::timeout);
}

TEST(Process, IsKilledWhenCancelled) {
    const std::atomic<bool> cancel = true;
    EXPECT_EQ(code_of([&] { run({"sleep", "60"}, {.cancel = &cancel}); }), Code::stopped);
}

TEST(Process, MissingProgramIsNotFound) {
    EXPECT_EQ(code_of([] { run({"no-such-program-anywhere"}); }), Code::not_found);
}

TEST(Process, ReadsMoreThanItKeeps) {
    const Finished finished = run({"sh", "-c", "head -c 20000000 /dev/zero"});
    EXPECT_EQ(finished.exit_status, 0);
    EXPECT_EQ(finished.output.size(), process_output_max);
}

TEST(Process, EndsWithItsObject) {
    pid_t pid = 0;
    {
        Process process({"sleep", "60"});
        pid = process.pid();
        EXPECT_TRUE(process.running());
        EXPECT_EQ(kill(pid, 0), 0);
    }
    EXPECT_NE(kill(pid, 0), 0);
}

TEST(Process, GetsTheDescriptorAsSystemdGivesIt) {
    Process process({"sh", "-c", "[ $LISTEN_PID = $$ ] && [ -e /proc/self/fd/3 ] || sleep 60"}, 2);
    for (int i = 0; i < 1000 && process.running(); ++i) run({"sleep", "0.01"});
    EXPECT_FALSE(process.running());
}

}  // namespace
}  // namespace reviver::qemu
