// Answers as QEMU 7.2 gave them, shortened, and answers that no QEMU should give.
#include "qemu/background_job.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::qemu {
namespace {

constexpr const char* jobs =
    R"([{"id":"other","type":"backup","status":"running","current-progress":1,"total-progress":2},
        {"id":"copy-up","type":"stream","status":"pending","current-progress":4096,
         "total-progress":8192},
        {"id":"broken","type":"stream","status":"concluded","current-progress":0,
         "total-progress":8192,"error":"No space left on device"}])";

Qmp answering(std::string answer) {
    return [answer = std::move(answer)](const std::string&, const std::string&) { return answer; };
}

TEST(BackgroundJob, IsFoundByItsName) {
    const auto job = background_job(answering(jobs), "copy-up");
    ASSERT_TRUE(job);
    EXPECT_TRUE(job->pending);
    EXPECT_FALSE(job->concluded);
    EXPECT_EQ(job->done, 4096u);
    EXPECT_EQ(job->total, 8192u);
    EXPECT_EQ(job->error, "");
    const auto broken = background_job(answering(jobs), "broken");
    ASSERT_TRUE(broken);
    EXPECT_TRUE(broken->concluded);
    EXPECT_EQ(broken->error, "No space left on device");
    EXPECT_FALSE(background_job(answering(jobs), "copy"));
}

TEST(BackgroundJob, NonsenseIsAProtocolError) {
    for (const char* answer : {"{}", "[1]", R"([{"type":"stream"}])", R"([{"id":"x"}])"}) {
        try {
            background_job(answering(answer), "x");
            ADD_FAILURE() << answer;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::protocol) << answer;
        }
    }
}

TEST(BackgroundJob, AStreamNeitherEndsNorVanishesByItself) {
    std::string asked;
    const Qmp qmp = [&](const std::string& command, const std::string& arguments) {
        asked += command + " " + arguments + "\n";
        return std::string(command == "human-monitor-command" ? "\"\"" : "{}");
    };
    start_stream(qmp, "id", "top", "base");
    flush_node(qmp, "top");
    cancel_job(qmp, "id");
    dismiss_job(qmp, "id");
    EXPECT_EQ(asked, R"(block-stream {"job-id":"id","device":"top","base-node":"base",)"
                     R"("auto-finalize":false,"auto-dismiss":false})"
                     "\n"
                     R"(human-monitor-command {"command-line":"qemu-io top flush"})"
                     "\n"
                     R"(job-cancel {"id":"id"})"
                     "\n"
                     R"(job-dismiss {"id":"id"})"
                     "\n");
}

TEST(BackgroundJob, AFlushThatSaysSomethingHasFailed) {
    EXPECT_THROW(flush_node(answering(R"("Error: No space left on device")"), "top"), Error);
}

}  // namespace
}  // namespace reviver::qemu
