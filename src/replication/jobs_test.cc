#include "replication/jobs.h"

#include "base/error.h"
#include "replication/limits.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace reviver::replication {
namespace {

class JobsTest : public ::testing::Test {
  protected:
    JobsTest() {
        char name[] = "/tmp/jobs_test.XXXXXX";
        directory_ = mkdtemp(name);
        repository_ = state::open_sqlite(sys::linux_world(), directory_ / "state.db");
    }
    ~JobsTest() override { std::filesystem::remove_all(directory_); }

    static Job described() {
        Job job;
        job.name = "Fail over 'shop'";
        job.cancellable = true;
        return job;
    }

    std::filesystem::path directory_;
    std::unique_ptr<state::Repository> repository_;
};

TEST_F(JobsTest, AreHandedOutRunningAndEndInSevenOrTen) {
    Jobs all(sys::linux_world(), *repository_);
    const JobId good = all.begin(described())->id();
    const JobId bad = all.begin(described())->id();
    EXPECT_EQ(static_cast<int>(all.find(good)->state), 4);
    all.complete(good);
    all.fail(bad, Error(Code::unavailable, "no answer from west"));
    EXPECT_EQ(static_cast<int>(all.find(good)->state), 7);
    EXPECT_EQ(all.find(good)->percent, 100);
    EXPECT_EQ(static_cast<int>(all.find(bad)->state), 10);
    EXPECT_EQ(all.find(bad)->error, "no answer from west");
}

// Of a group one text was kept, through a restart or not.
TEST_F(JobsTest, KeepWhatFailedForEachMember) {
    const auto vm = [](int number) {
        return *VmId::parse(fmt::format("11111111-2222-3333-4444-{:012}", number));
    };
    const Error error(Code::failed, "2 of 3 VMs could not be set up",
                      {{vm(1).text(), Code::in_use, "VM 'web': busy"},
                       {vm(3).text(), Code::no_space, "VM 'db': the disk is full"}});
    const std::vector<MemberError> kept{{vm(1), Code::in_use, "VM 'web': busy"},
                                        {vm(3), Code::no_space, "VM 'db': the disk is full"}};
    JobId id;
    {
        Jobs all(sys::linux_world(), *repository_);
        id = all.begin(described())->id();
        all.fail(id, error);
        EXPECT_EQ(all.find(id)->member_errors, kept);
        EXPECT_EQ(all.find(all.note_refusal(described(), error))->member_errors, kept);
    }
    Jobs again(sys::linux_world(), *repository_);
    EXPECT_EQ(again.find(id)->member_errors, kept);
    EXPECT_EQ(again.find(id)->error, error.what());
}

class Listening : public Observer {
  public:
    void job_changed(JobId id) override { told.push_back(id); }
    std::vector<JobId> told;
};

TEST_F(JobsTest, TellWhoObservesThem) {
    Listening listening;
    Jobs all(sys::linux_world(), *repository_, listening);
    const auto handle = all.begin(described());
    handle->progress(50, "half-way");
    handle->report("nothing special");
    all.complete(handle->id());
    EXPECT_EQ(listening.told, std::vector<JobId>(4, handle->id()));
    handle->progress(60, "after the end");
    EXPECT_EQ(listening.told.size(), 4u);
    const JobId refused = all.note_refusal(described(), Error(Code::in_use, "busy"));
    EXPECT_EQ(listening.told.back(), refused);
}

// A repository on a disk that is full for a while.
class FullForAWhile : public state::Repository {
  public:
    explicit FullForAWhile(state::Repository& inner) : inner_(inner) {}
    void commit(std::span<const state::Change> changes) override {
        if (full) fail(Code::no_space, "the disk is full");
        inner_.commit(changes);
    }
    std::vector<std::pair<std::string, std::string>> list(const std::string& kind) override {
        return inner_.list(kind);
    }
    std::optional<std::string> get(const std::string& kind, const std::string& id) override {
        return inner_.get(kind, id);
    }

    bool full = false;

  private:
    state::Repository& inner_;
};

// Else a restart would do it again, whatever has been done since.
TEST_F(JobsTest, AnEndThatAFullDiskKeptIsDurableBeforeAnotherJobBegins) {
    FullForAWhile disk(*repository_);
    JobId ended;
    {
        Jobs all(sys::linux_world(), disk);
        ended = all.begin(described())->id();
        disk.full = true;
        all.complete(ended);
        EXPECT_EQ(all.find(ended)->state, JobState::completed);
        EXPECT_THROW(all.begin(described()), Error);
        EXPECT_TRUE(all.interrupted().empty());  // nor did the refused one begin
        disk.full = false;
        all.begin(described());
    }
    Jobs all(sys::linux_world(), *repository_);
    EXPECT_EQ(all.find(ended)->state, JobState::completed);
}

TEST_F(JobsTest, SurviveARestart) {
    JobId ended, running;
    {
        Jobs all(sys::linux_world(), *repository_);
        ended = all.begin(described())->id();
        running = all.begin(described())->id();
        all.complete(ended);
    }
    Jobs all(sys::linux_world(), *repository_);
    EXPECT_EQ(all.find(ended)->state, JobState::completed);
    const auto interrupted = all.interrupted();
    ASSERT_EQ(interrupted.size(), 1u);
    EXPECT_EQ(interrupted[0].id, running);
}

TEST_F(JobsTest, CancellingAsksTheWorkAndNobodyElse) {
    Jobs all(sys::linux_world(), *repository_);
    const auto handle = all.begin(described());
    EXPECT_FALSE(handle->cancelled());
    all.cancel(handle->id());
    EXPECT_TRUE(handle->cancelled());
    all.complete(handle->id());
    EXPECT_THROW(all.cancel(handle->id()), Error);
}

TEST_F(JobsTest, KeepsOnlyTheNewestRefusals) {
    Jobs all(sys::linux_world(), *repository_);
    const JobId first = all.note_refusal(described(), Error(Code::in_use, "busy"));
    EXPECT_EQ(all.find(first)->error, "busy");
    for (std::size_t i = 0; i < limits::refusals_max; ++i) {
        all.note_refusal(described(), Error(Code::in_use, "busy"));
    }
    EXPECT_FALSE(all.find(first));
    EXPECT_EQ(all.list().size(), limits::refusals_max);
}

}  // namespace
}  // namespace reviver::replication
