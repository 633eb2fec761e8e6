#include "capture/guest_freeze.h"

#include "base/error.h"
#include "capture/qemu_machines.h"
#include "hypervisor/guest_agents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>

namespace reviver::capture {
namespace {

using hypervisor::Domain;
using hypervisor::Power;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A host whose guests have agents that do what a test wants of them.
class Guests : public hypervisor::Hypervisor, public hypervisor::GuestAgents {
  public:
    struct Guest {
        Domain domain;
        bool agent = true;
        bool refuses = false;   // an answer, and not the one that is hoped for
        bool hangs = false;     // as a hook that does not end: the freeze comes about at its end
        int deaf_to_thaws = 0;  // so many calls are not heard
        bool frozen = false;
        int freezes = 0;
        int thaws = 0;
    };

    VmId add(const std::string& name) {
        Guest guest;
        guest.domain.id = VmId(
            Uuid::parse(fmt::format("00000000-0000-0000-0000-{:012}", guests_.size() + 1)).value());
        guest.domain.name = name;
        guest.domain.power = Power::running;
        guest.domain.process_id = 7;
        guests_[guest.domain.id] = guest;
        return guest.domain.id;
    }
    void change(VmId id, const std::function<void(Guest&)>& change) {
        const std::lock_guard lock(mutex_);
        change(guests_.at(id));
        changed_.notify_all();
    }
    Guest look(VmId id) {
        const std::lock_guard lock(mutex_);
        return guests_.at(id);
    }
    // Waits for a fact about a guest; false when it does not become one.
    bool becomes(VmId id, const std::function<bool(const Guest&)>& fact) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20),
                                 [&] { return fact(guests_.at(id)); });
    }

    hypervisor::GuestAgents* guest_agents() override { return this; }
    std::vector<Domain> domains() override {
        std::vector<Domain> all;
        for (auto& [id, guest] : guests_) all.push_back(look(id).domain);
        return all;
    }
    Domain domain(VmId id) override { return look(id).domain; }

    bool connected(VmId id) override { return look(id).agent; }
    unsigned freeze(VmId id, std::chrono::seconds patience) override {
        std::unique_lock lock(mutex_);
        Guest& guest = guests_.at(id);
        if (guest.refuses) fail(Code::failed, "the hook failed with status 1");
        const bool in_time = changed_.wait_for(lock, patience, [&] { return !guest.hangs; });
        if (!in_time) fail(Code::timeout, "the guest agent is not responding");
        guest.frozen = true;
        ++guest.freezes;
        changed_.notify_all();
        return 1;
    }
    unsigned thaw(VmId id, std::chrono::seconds) override {
        const std::lock_guard lock(mutex_);
        Guest& guest = guests_.at(id);
        if (guest.domain.power != Power::running) fail(Code::invalid_state, "it does not run");
        if (guest.hangs || guest.deaf_to_thaws > 0) {
            --guest.deaf_to_thaws;
            changed_.notify_all();
            fail(Code::timeout, "the guest agent is not responding");
        }
        const unsigned thawed = guest.frozen ? 1 : 0;
        guest.frozen = false;
        ++guest.thaws;
        changed_.notify_all();
        return thawed;
    }
    void ask_to_shut_down(VmId) override {}

    VmId define(const std::string&) override { fail(Code::not_supported, "not here"); }
    void undefine(VmId) override {}
    void start(VmId) override {}
    void power_off(VmId) override {}
    void set_autostart(VmId, bool) override {}
    std::string qmp(VmId, const std::string&, const std::string&) override { return ""; }
    std::shared_ptr<void> subscribe(std::function<void(const hypervisor::DomainEvent&)>) override {
        return nullptr;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<VmId, Guest> guests_;
};

class GuestFreezeTest : public testing::Test {
  protected:
    GuestFreezeTest() { begin_life(); }

    void begin_life() {
        freezer_.reset();
        freezer_ = std::make_unique<Freezer>(guests_, sys::linux_world(), times_);
    }
    std::unique_ptr<GroupFreeze> freeze(const std::function<bool()>& stopped = {}) {
        return freezer_->freeze(directory_.path(), guests_.domains(), stopped);
    }
    static std::vector<std::string> texts(const std::vector<FreezeFailure>& failures) {
        std::vector<std::string> all;
        for (const auto& failure : failures) all.push_back(failure.text);
        return all;
    }
    bool on_record() const { return std::filesystem::exists(directory_.path() / "frozen.json"); }
    void expect_nobody_frozen() {
        for (const Domain& vm : guests_.domains())
            EXPECT_FALSE(guests_.look(vm.id).frozen) << vm.name;
        EXPECT_FALSE(on_record());
    }

    TestDirectory directory_;
    Guests guests_;
    FreezeTimes times_{.freeze = std::chrono::seconds(1),
                       .thaw = std::chrono::seconds(1),
                       .thaw_at_start = std::chrono::seconds(5)};
    std::unique_ptr<Freezer> freezer_;
};

TEST_F(GuestFreezeTest, AllAreFrozenUntilItsEnd) {
    const VmId db = guests_.add("db");
    const VmId web = guests_.add("web");
    const VmId off = guests_.add("off");
    guests_.change(off, [](auto& guest) { guest.domain.power = Power::off; });
    const auto frozen = freeze();
    EXPECT_THAT(frozen->failures(), IsEmpty());
    EXPECT_TRUE(on_record());
    EXPECT_TRUE(guests_.look(db).frozen);
    EXPECT_TRUE(guests_.look(web).frozen);
    EXPECT_THAT(frozen->end(), IsEmpty());
    EXPECT_EQ(guests_.look(off).freezes, 0);
    expect_nobody_frozen();
}

TEST_F(GuestFreezeTest, NobodyIsAskedWhenOneHasNoAgent) {
    const VmId db = guests_.add("db");
    const VmId web = guests_.add("web");
    guests_.change(web, [](auto& guest) { guest.agent = false; });
    const auto frozen = freeze();
    EXPECT_THAT(texts(frozen->failures()),
                ElementsAre(HasSubstr("no guest agent answers in VM 'web'")));
    EXPECT_EQ(guests_.look(db).freezes, 0);
    guests_.change(web, [](auto& guest) { guest.domain.power = Power::held; });
    EXPECT_THAT(texts(freeze()->failures()), ElementsAre(HasSubstr("'web' is paused")));
    expect_nobody_frozen();
}

TEST_F(GuestFreezeTest, OneThatRefusesHasTheOthersThawedAtOnce) {
    guests_.add("db");
    const VmId web = guests_.add("web");
    guests_.change(web, [](auto& guest) { guest.refuses = true; });
    const auto frozen = freeze();
    EXPECT_THAT(texts(frozen->failures()), ElementsAre(HasSubstr("the hook failed with status 1")));
    frozen->end();
    // Its hooks may have begun to quiesce something.
    EXPECT_TRUE(guests_.becomes(web, [](const auto& guest) { return guest.thaws == 1; }));
    begin_life();
    expect_nobody_frozen();
}

// The hook ends after everybody gave the freeze up, and then the guest freezes after all.
TEST_F(GuestFreezeTest, AFreezeThatComesLateIsThawed) {
    const VmId db = guests_.add("db");
    const VmId web = guests_.add("web");
    guests_.change(web, [](auto& guest) { guest.hangs = true; });
    auto frozen = freeze();
    EXPECT_THAT(texts(frozen->failures()), ElementsAre(HasSubstr("'web' did not freeze")));
    frozen->end();
    EXPECT_FALSE(guests_.look(db).frozen);
    EXPECT_TRUE(on_record());
    EXPECT_THAT(texts(freeze()->failures()), ElementsAre(HasSubstr("since an earlier freeze")));
    guests_.change(web, [](auto& guest) {
        guest.hangs = false;
        guest.frozen = true;
    });
    EXPECT_TRUE(guests_.becomes(web, [](const auto& guest) { return !guest.frozen; }));
    begin_life();
    expect_nobody_frozen();
    EXPECT_THAT(freeze()->end(), IsEmpty());
}

TEST_F(GuestFreezeTest, AThawIsAskedForUntilItIsAnswered) {
    const VmId db = guests_.add("db");
    const auto frozen = freeze();
    guests_.change(db, [](auto& guest) { guest.deaf_to_thaws = 5; });
    EXPECT_THAT(frozen->end(), IsEmpty());
    EXPECT_EQ(guests_.look(db).deaf_to_thaws, 0);
    expect_nobody_frozen();
}

TEST_F(GuestFreezeTest, OneThatIsNotKnownToBeThawedIsNamedAndAskedOn) {
    const VmId db = guests_.add("db");
    auto frozen = freeze();
    guests_.change(db, [](auto& guest) { guest.deaf_to_thaws = 1 << 20; });
    EXPECT_THAT(texts(frozen->end()), ElementsAre(HasSubstr("'db' does not say")));
    EXPECT_TRUE(on_record());
    guests_.change(db, [](auto& guest) { guest.deaf_to_thaws = 0; });
    EXPECT_TRUE(guests_.becomes(db, [](const auto& guest) { return !guest.frozen; }));
}

TEST_F(GuestFreezeTest, AGuestThawsByItselfWhenTheCutTakesTooLong) {
    times_.frozen = std::chrono::seconds(0);
    begin_life();
    const VmId db = guests_.add("db");
    const auto frozen = freeze();
    EXPECT_TRUE(guests_.becomes(db, [](const auto& guest) { return guest.thaws == 1; }));
    EXPECT_THAT(texts(frozen->end()), ElementsAre(HasSubstr("'db' was thawed before")));
}

TEST_F(GuestFreezeTest, WhatSomebodyElseThawedIsNotTakenForFrozen) {
    const VmId db = guests_.add("db");
    const auto frozen = freeze();
    guests_.change(db, [](auto& guest) { guest.frozen = false; });
    EXPECT_THAT(texts(frozen->end()), ElementsAre(HasSubstr("thawed by somebody else")));
}

TEST_F(GuestFreezeTest, AnInterruptedFreezeThaws) {
    guests_.add("db");
    const VmId web = guests_.add("web");
    guests_.change(web, [](auto& guest) { guest.hangs = true; });
    times_.freeze = std::chrono::seconds(20);
    begin_life();
    EXPECT_THROW(freeze([] { return true; }), Error);
    guests_.change(web, [](auto& guest) { guest.hangs = false; });
    begin_life();
    expect_nobody_frozen();
}

// A daemon that was killed leaves its record and frozen guests.
TEST_F(GuestFreezeTest, TheNextLifeThawsWhomTheLastOneFroze) {
    const VmId db = guests_.add("db");
    const VmId restarted = guests_.add("restarted");
    const VmId gone = guests_.add("gone");
    HoldRecord(sys::linux_world().files, directory_.path(), "frozen.json")
        .write({{db, 7}, {restarted, 6}, {gone, 7}});
    guests_.change(db, [](auto& guest) {
        guest.frozen = true;
        guest.deaf_to_thaws = 2;
    });
    guests_.change(restarted, [](auto& guest) { guest.deaf_to_thaws = 1 << 20; });
    guests_.change(gone, [](auto& guest) { guest.domain.power = Power::off; });
    freezer_->thaw_left_over(directory_.path());
    expect_nobody_frozen();
    EXPECT_EQ(guests_.look(db).thaws, 1);
}

}  // namespace
}  // namespace reviver::capture
