#include "recovery/each_vm.h"

#include "base/error.h"
#include "recovery/limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace reviver::recovery {
namespace {

std::vector<VmId> make_vms(std::size_t count) {
    std::vector<VmId> vms;
    for (std::size_t i = 0; i < count; ++i) {
        vms.push_back(*VmId::parse(fmt::format("11111111-2222-3333-4444-{:012x}", i + 1)));
    }
    return vms;
}

TEST(ForEachVm, WorksOnAllAndAnswersFailuresInOrder) {
    const auto vms = make_vms(3 * vms_in_parallel);
    std::atomic<std::size_t> worked_on = 0;
    const auto failures = for_each_vm(vms, [&](VmId vm) {
        ++worked_on;
        if (vm == vms[1] || vm == vms[20]) fail(Code::in_use, "no luck");
    });
    EXPECT_EQ(worked_on, vms.size());
    ASSERT_EQ(failures.size(), 2u);
    EXPECT_EQ(failures[0].vm, vms[1]);
    EXPECT_EQ(failures[1].vm, vms[20]);
    EXPECT_EQ(failures[1].text, "no luck");
}

// Only their texts were left, in one line.
TEST(ForEachVm, AnErrorSaysOfEachVmWhatFailed) {
    const auto vms = make_vms(3);
    const auto names = names_in({{vms[0], "web", ""}, {vms[1], "db", ""}});
    EXPECT_NO_THROW(throw_failures({}, names, "mend"));
    try {
        throw_failures({{vms[1], "busy", Code::in_use}, {vms[2], "no luck", Code::failed}}, names,
                       "mend that");
        FAIL();
    } catch (Error& error) {
        const auto nameless = "VM '" + vms[2].text() + "': no luck";
        EXPECT_EQ(error.what(), "VM 'db': busy; " + nameless + "; mend that");
        error.add_context("given up");
        const std::vector<ErrorPart> parts{
            {vms[1].text(), Code::in_use, "given up: VM 'db': busy; mend that"},
            {vms[2].text(), Code::failed, "given up: " + nameless + "; mend that"}};
        EXPECT_EQ(error.parts(), parts);
    }
}

TEST(ForEachVm, NeverWorksOnMoreThanTheLimitAtATime) {
    std::atomic<std::size_t> at_work = 0;
    std::atomic<std::size_t> most = 0;
    for_each_vm(make_vms(10 * vms_in_parallel), [&](VmId) {
        const std::size_t now = ++at_work;
        for (std::size_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --at_work;
    });
    EXPECT_GE(most, 1u);
    EXPECT_LE(most, vms_in_parallel);
}

}  // namespace
}  // namespace reviver::recovery
