// Cuts of guests that are frozen for them, with real QEMUs and agents that the test plays.
#include "capture/capture_fixture.h"

#include <gmock/gmock.h>

namespace reviver::capture {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class QuiescedCutTest : public CaptureTest {
  protected:
    QuiescedCutTest() {
        options_.freezer = &freezer_;
        restart_daemon();
        for (const auto* name : {"a", "b"}) vms_made_.push_back(add_vm(name, {"qcow2"}));
        for (const auto vm : vms_made_) machines_.start(vm);
        machines_.before_agent = [this](VmId, const std::string& what) { tell(what); };
        machines_.before_command = [this](VmId, const std::string& command) {
            if (command == "stop" || command == "cont") tell(command);
        };
    }
    ~QuiescedCutTest() override {
        machines_.before_command = nullptr;
        capture_.reset();
    }

    void make_quiesced_cut() {
        begin_cycle();
        point::CutWish wish;
        wish.quiesce = true;
        {
            const std::lock_guard lock(mutex_);
            story_.clear();
        }
        cut_ = capture_->cut(target_.durable.next(), wish);
        at_cut_ = truth_;
    }

    void finish_cycle() {
        read_cut();
        commit();
        capture_->finish(std::move(cut_), true);
    }

    void tell(const std::string& what) {
        const std::lock_guard lock(mutex_);
        story_.push_back(what);
    }

    std::vector<VmId> vms_made_;
    Freezer freezer_{machines_, sys::linux_world()};
    std::mutex mutex_;
    std::vector<std::string> story_;
};

TEST_F(QuiescedCutTest, TheGroupIsFrozenAroundTheHold) {
    make_quiesced_cut();
    EXPECT_THAT(story_,
                ElementsAre("freeze", "freeze", "stop", "stop", "cont", "cont", "thaw", "thaw"));
    EXPECT_EQ(cut_->header().consistency, Consistency::application);
    EXPECT_THAT(cut_->freeze_failures(), IsEmpty());
    finish_cycle();
}

TEST_F(QuiescedCutTest, AnOrdinaryCutAsksNoAgent) {
    begin_cycle();
    make_cut();
    EXPECT_THAT(story_, testing::Not(Contains("freeze")));
    EXPECT_EQ(cut_->header().consistency, Consistency::group_crash);
    finish_cycle();
}

TEST_F(QuiescedCutTest, AFreezeThatFailsMakesAnOrdinaryCut) {
    machines_.before_agent = [this](VmId vm, const std::string& what) {
        tell(what);
        if (vm == vms_made_[1] && what == "freeze") fail(Code::failed, "the hook failed");
    };
    make_quiesced_cut();
    EXPECT_EQ(cut_->header().consistency, Consistency::group_crash);
    ASSERT_EQ(cut_->freeze_failures().size(), 1u);
    EXPECT_EQ(cut_->freeze_failures()[0].vm, vms_made_[1]);
    EXPECT_THAT(cut_->freeze_failures()[0].text, HasSubstr("the hook failed"));
    EXPECT_EQ(std::count(story_.begin(), story_.end(), "thaw"), 2);
    finish_cycle();
}

TEST_F(QuiescedCutTest, AHoldThatFailsThawsEverybody) {
    machines_.before_command = [this](VmId vm, const std::string& command) {
        if (vm == vms_made_[0] && command == "stop") fail(Code::failed, "injected");
    };
    EXPECT_THROW(make_quiesced_cut(), Error);
    EXPECT_EQ(std::count(story_.begin(), story_.end(), "thaw"), 2);
    EXPECT_FALSE(std::filesystem::exists(options_.directory / "frozen.json"));
}

TEST_F(QuiescedCutTest, AVmThatIsOffNeedsNoAgent) {
    machines_.power_off(vms_made_[1]);
    make_quiesced_cut();
    EXPECT_EQ(cut_->header().consistency, Consistency::application);
    EXPECT_EQ(std::count(story_.begin(), story_.end(), "freeze"), 1);
    finish_cycle();
}

}  // namespace
}  // namespace reviver::capture
