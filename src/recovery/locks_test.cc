#include "recovery/locks.h"

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

TEST_F(LocksTest, ALockedVmThatRunsAllTheSameIsPoweredOff) {
    hypervisor_.define(definition(one, "web", {}));
    locks_.lock(one, "reason");
    std::ofstream(DomainXml(hypervisor_.domain(one).xml).lock_file()) << std::string(512, '\0');
    std::mutex mutex;
    std::condition_variable changed;
    std::string reported;
    const LockWatch watch(hypervisor_, [&](const std::string& name) {
        const std::lock_guard lock(mutex);
        reported = name;
        changed.notify_all();
    });
    hypervisor_.start(one);
    std::unique_lock lock(mutex);
    ASSERT_TRUE(
        changed.wait_for(lock, std::chrono::seconds(30), [&] { return !reported.empty(); }));
    EXPECT_EQ(reported, "web");
    EXPECT_EQ(hypervisor_.domain(one).power, Power::off);
}

}  // namespace
}  // namespace reviver::recovery
