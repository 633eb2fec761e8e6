#include "capture/group_hold.h"

#include "base/error.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace reviver::capture {
namespace {

// What happened in the group, in order.
class Story {
  public:
    void add(const std::string& what) {
        const std::lock_guard lock(mutex_);
        events_.push_back(what);
    }
    std::vector<std::string> events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }
    std::ptrdiff_t first(const std::string& what) const {
        const auto all = events();
        return std::find(all.begin(), all.end(), what) - all.begin();
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> events_;
};

struct StoryVm : HeldVm {
    StoryVm(Story& s, std::string n) : story(s), name(std::move(n)) {}
    VmId id() const override { return {}; }
    bool runs() const override { return running; }
    bool serves_others() const override { return serves; }
    void stop() override { step("stop"); }
    void change() override { step("change"); }
    void resume() override { step("resume"); }

    void step(const std::string& what) {
        if (what == wait_at) waited_for.wait();
        story.add(what + " " + name);
        if (what == fails_at) fail(Code::failed, "{} failed", what);
    }

    Story& story;
    std::string name;
    bool running = true;
    bool serves = false;
    std::string fails_at;
    std::string wait_at;
    std::shared_future<void> waited_for;
};

class GroupHoldTest : public testing::Test {
  protected:
    StoryVm& add(const std::string& name) {
        auto vm = std::make_unique<StoryVm>(story_, name);
        auto& result = *vm;
        vms_.push_back(std::move(vm));
        return result;
    }
    HoldStatistics hold(std::chrono::milliseconds hold_max = std::chrono::seconds(20)) {
        return hold_group(sys::linux_world(), vms_, hold_max);
    }

    Story story_;
    std::vector<std::unique_ptr<HeldVm>> vms_;
};

TEST_F(GroupHoldTest, NobodyChangesOrResumesBeforeAllAreStopped) {
    for (const auto* name : {"a", "b", "c", "d"}) add(name);
    const auto statistics = hold();
    const auto events = story_.events();
    ASSERT_EQ(events.size(), 12u);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(events[i].starts_with("stop")) << events[i];
    for (const std::string name : {"a", "b", "c", "d"})
        EXPECT_LT(story_.first("change " + name), story_.first("resume " + name));
    ASSERT_EQ(statistics.vms.size(), 4u);
    for (const auto& vm : statistics.vms) EXPECT_LE(vm.length, statistics.group);
}

TEST_F(GroupHoldTest, AVmThatDoesNotRunIsChangedAndNeitherStoppedNorResumed) {
    add("a");
    add("b").running = false;
    EXPECT_EQ(hold().vms.size(), 1u);
    EXPECT_EQ(story_.first("stop b"), 4);
    EXPECT_EQ(story_.first("resume b"), 4);
    EXPECT_LT(story_.first("change b"), 4);
}

// What a VM writes to a shared disk once it runs again is behind the cut of that disk.
TEST_F(GroupHoldTest, NobodyResumesBeforeTheStorageDaemonIsChanged) {
    std::promise<void> release;
    add("a");
    add("b");
    auto& daemon = add("daemon");
    daemon.running = false;
    daemon.serves = true;
    daemon.wait_at = "change";
    daemon.waited_for = release.get_future().share();
    auto result = std::async(std::launch::async, [&] { return hold(); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (story_.events().size() < 4 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_EQ(story_.first("resume a"), 4);
    EXPECT_EQ(story_.first("resume b"), 4);
    release.set_value();
    EXPECT_EQ(result.get().vms.size(), 2u);
    EXPECT_EQ(story_.first("change daemon"), 4);
    EXPECT_EQ(story_.events().size(), 7u);
}

TEST_F(GroupHoldTest, AStorageDaemonThatFailsResumesAll) {
    add("a");
    auto& daemon = add("daemon");
    daemon.running = false;
    daemon.serves = true;
    daemon.fails_at = "change";
    EXPECT_THROW(hold(), Error);
    EXPECT_EQ(story_.events().back(), "resume a");
}

TEST_F(GroupHoldTest, AFailureResumesAllAndChangesNobody) {
    add("a");
    add("b").fails_at = "stop";
    EXPECT_THROW(hold(), Error);
    for (const std::string name : {"a", "b"}) {
        EXPECT_LT(story_.first("resume " + name), 4) << name;
        EXPECT_EQ(story_.first("change " + name), 4) << name;
    }
}

TEST_F(GroupHoldTest, WhoWaitsTooLongForTheOthersResumes) {
    std::promise<void> release;
    add("a");
    auto& late = add("b");
    late.wait_at = "stop";
    late.waited_for = release.get_future().share();
    // The late one stops only when the other has given up: no clock decides the test.
    auto result = std::async(std::launch::async, [&] { hold(std::chrono::milliseconds(20)); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (story_.events().size() < 2 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_EQ(story_.events(), (std::vector<std::string>{"stop a", "resume a"}));
    release.set_value();
    try {
        result.get();
        FAIL() << "the hold was too long";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::timeout);
    }
    EXPECT_EQ(story_.events().back(), "resume b");
    EXPECT_EQ(story_.events().size(), 4u);
}

}  // namespace
}  // namespace reviver::capture
