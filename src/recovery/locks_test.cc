#include "recovery/locks.h"

#include "hypervisor/saved_states.h"
#include "recovery/lock_watch.h"
#include "recovery/test_site.h"

#include <condition_variable>
#include <mutex>

namespace reviver::recovery {
namespace {

using hypervisor::DomainXml;
using hypervisor::Power;

class LocksTest : public TestSite {
  protected:
    Locks& locks_ = recovery_.locks();
};

TEST_F(LocksTest, ALockKeepsAVmFromStartingAndSaysWhy) {
    hypervisor_.define(definition(one, "web", {}));
    hypervisor_.set_autostart(one, true);
    const std::string before = hypervisor_.domain(one).xml;

    locks_.lock(one, "first reason");
    locks_.lock(one, "This VM is a Reviver replica of 'a/b & <c>'. Use reviver failover.");
    const std::string refusal = text_of_error([&] { hypervisor_.start(one); });
    EXPECT_NE(refusal.find("This VM is a Reviver replica of 'a-b & <c>'. Use reviver failover."),
              std::string::npos)
        << refusal;
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);
    EXPECT_FALSE(hypervisor_.domain(one).autostart);

    locks_.unlock(one);
    locks_.unlock(one);
    EXPECT_EQ(hypervisor_.domain(one).xml, before);
    EXPECT_TRUE(hypervisor_.domain(one).autostart);
    EXPECT_FALSE(locks_.records().find(one));
}

TEST_F(LocksTest, WhatAUserChangesUnderALockIsKept) {
    hypervisor_.define(definition(one, "web", {}));
    locks_.lock(one, "reason");
    std::string edited = hypervisor_.domain(one).xml;
    edited.insert(edited.find("<memory"), "<title>mine</title>");
    hypervisor_.define(edited);
    locks_.unlock(one);
    EXPECT_FALSE(locked(one));
    EXPECT_NE(hypervisor_.domain(one).xml.find("<title>mine"), std::string::npos);
}

TEST_F(LocksTest, ALockWithoutItsRecordIsTakenOffAllTheSame) {
    hypervisor_.define(definition(one, "web", {}));
    locks_.lock(one, "reason");
    locks_.records().remove(one);
    locks_.unlock(one);
    EXPECT_FALSE(locked(one));
}

TEST_F(LocksTest, ADamagedRecordIsAnErrorAndNothingChanges) {
    hypervisor_.define(definition(one, "web", {}));
    locks_.lock(one, "reason");
    std::ofstream(data_ / "locks" / (one.text() + ".json")) << "{\"definition\":7}";
    EXPECT_EQ(code_of([&] { locks_.unlock(one); }), Code::corrupt);
    EXPECT_TRUE(locked(one));
}

TEST_F(LocksTest, ALockTextIsCutAtAWholeCharacter) {
    hypervisor_.define(definition(one, "web", {}));
    std::string why = "x";
    for (int i = 0; i < 150; ++i) why += "ä";
    locks_.lock(one, why);
    const sys::Path file = DomainXml(hypervisor_.domain(one).xml).lock_file();
    EXPECT_EQ(file.filename().string(), why.substr(0, 199));
}

class LockWatchTest : public LocksTest {
  protected:
    LockWatch watch() {
        return LockWatch(hypervisor_, sys::linux_world().files, data_,
                         [this](VmId, const std::string& text) {
                             const std::lock_guard lock(mutex_);
                             reported_ = text;
                             changed_.notify_all();
                         });
    }
    bool reported() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(30),
                                 [&] { return !reported_.empty(); });
    }
    // What somebody would do who wants the VM to start whatever the lock says.
    void force_start(VmId vm) {
        std::ofstream(DomainXml(hypervisor_.domain(vm).xml).lock_file()) << std::string(512, '\0');
        hypervisor_.start(vm);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::string reported_;
};

TEST_F(LockWatchTest, ALockedVmThatIsStartedAllTheSameIsPoweredOff) {
    hypervisor_.define(definition(one, "web", {}));
    locks_.lock(one, "reason");
    const auto watching = watch();
    force_start(one);
    ASSERT_TRUE(reported());
    EXPECT_NE(reported_.find("'web' was started although it is locked"), std::string::npos);
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);
}

TEST_F(LockWatchTest, OneThatWasStartedWhileNobodyWatchedIsPoweredOffAtTheBeginning) {
    hypervisor_.define(definition(one, "web", {}));
    locks_.lock(one, "reason");
    force_start(one);
    const auto watching = watch();
    EXPECT_TRUE(reported());
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);
}

TEST_F(LockWatchTest, TheRunThatALockFindsGoesOn) {
    hypervisor_.define(definition(one, "web", {}));
    hypervisor_.start(one);
    locks_.lock(one, "reason");
    locks_.lock(one, "another reason");
    const auto watching = watch();
    EXPECT_EQ(hypervisor_.domain(one).power, Power::running);
    EXPECT_EQ(reported_, "");
}

class SavedVmTest : public LocksTest {
  protected:
    SavedVmTest() {
        make_chains();
        hypervisor_.define(hypervisor::DomainXml(definition(one, "web", {"vda"})).text());
        hypervisor::DomainXml xml(hypervisor_.domain(one).xml);
        xml.set_disk("vda", base({one, "vda"}), "raw");
        hypervisor_.define(xml.text());
        hypervisor_.start(one);
        save(one);
    }
    hypervisor::SavedStates& states() { return *hypervisor_.saved_states(); }
};

TEST_F(SavedVmTest, ASavedStateIsNoWayAroundALockAndIsNotLost) {
    const auto before = states().saved_definition(one);
    ASSERT_TRUE(before);
    locks_.lock(one, "first reason");
    locks_.lock(one, "the reason");
    EXPECT_NE(text_of_error([&] { hypervisor_.start(one); }).find("the reason"), std::string::npos);
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);

    locks_.unlock(one);
    EXPECT_EQ(states().saved_definition(one), before);
    hypervisor_.start(one);
    EXPECT_EQ(hypervisor_.domain(one).power, Power::running);
    EXPECT_FALSE(states().saved_definition(one)) << "it went on from the saved state";
}

TEST_F(SavedVmTest, AFailoverDiscardsMemoryThatBelongsToOtherDisks) {
    locks_.lock(one, "taken over");
    ASSERT_TRUE(recovery_.prepare(plan_of_one()).empty());
    EXPECT_FALSE(states().saved_definition(one));
    hypervisor_.start(one);
    save(one);
    recovery_.revert(plan_of_one());
    EXPECT_FALSE(states().saved_definition(one)) << "its overlays are gone";
}

}  // namespace
}  // namespace reviver::recovery
