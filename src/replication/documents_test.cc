#include "replication/documents.h"

#include "base/error.h"
#include "replication/control.h"

#include <gtest/gtest.h>

namespace reviver::replication {
namespace {

const Uuid some = *Uuid::parse("6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b");
const Uuid other = *Uuid::parse("0b1c6f0e-7c0d-4b6a-9e64-1c5d2e3f4a5b");

Collection full_collection() {
    Collection c;
    c.id = CollectionId(some);
    c.name = "Shop \"east\"\n";
    c.members = {other.text()};
    c.place = {Role::primary, State::waiting_for_resync};
    c.epoch = {7};
    c.peer = "west";
    c.settings.recovery_connection_point = "west";
    c.settings.interval_s = 30;
    c.settings.included_disks = {other.text() + "/vda"};
    c.initial_complete = true;
    c.last_sequence = {41};
    c.shapes = {{{VmId(other), "vda"}, 1 << 20}};
    c.trouble = "no answer";
    c.made_by = "east";
    c.made_in_group = "shops";
    c.failover_point = {40};
    c.last_application = sys::WallTime(std::chrono::hours(4));
    c.quiesce_trouble = "a hook hangs";
    c.to_run = {other.text()};
    c.last_apply_consistency = Consistency::application;
    c.last_apply_time = sys::WallTime(std::chrono::hours(5));
    c.reverse_pending = true;
    c.shared_point = {40};
    c.changes = {{{VmId(other), "vda"}, true, {{0, 4096}, {65536, 4096}}},
                 {{VmId(other), "vdb"}, false, {}}};
    c.reverse_report = {1, 2, 3, 4};
    c.agenda.initial_asked = true;
    c.agenda.initial_type = InitialReplication::seeded;
    c.agenda.initial_at = sys::WallTime(std::chrono::hours(6));
    c.agenda.resync_asked = true;
    c.agenda.resync_at = sys::WallTime(std::chrono::hours(7));
    c.agenda.resync_cancelled = true;
    c.agenda.compare_all = 8;
    c.exported = {"/media/disk", true, {1}, CutId(some), sys::WallTime(std::chrono::hours(8))};
    return c;
}

TEST(Documents, ACollectionComesBackAsItWas) {
    const std::string text = to_text(full_collection());
    EXPECT_EQ(to_text(collection_from_text(text)), text);
    const Collection back = collection_from_text(text);
    EXPECT_EQ(back.name, "Shop \"east\"\n");
    EXPECT_EQ(back.last_apply_consistency, Consistency::application);
    EXPECT_EQ(back.changes.at(0).ranges.at(1), (Range{65536, 4096}));
    EXPECT_EQ(back.place, (Place{Role::primary, State::waiting_for_resync}));
}

TEST(Documents, ATestIsKeptWithWhereItsReplicaWas) {
    Collection c = full_collection();
    c.place = {Role::replica, State::test_failover_initiated};
    EXPECT_FALSE(collection_from_text(to_text(c)).trial);
    c.trial = Trial{CollectionId(other), {40}, {VmId(some), VmId(other)}, State::suspended};
    const Collection back = collection_from_text(to_text(c));
    ASSERT_TRUE(back.trial);
    EXPECT_EQ(back.trial->vms, c.trial->vms);
    EXPECT_EQ(back.trial->point, (Sequence{40}));
    EXPECT_EQ(state_of_replication(back), State::suspended);
    c.place.state = State::recovered;
    EXPECT_EQ(state_of_replication(c), State::recovered);
}

TEST(Documents, EveryTruncationOfADocumentIsCorruptAndNothingWorse) {
    const std::string text = to_text(full_collection());
    for (std::size_t length = 0; length < text.size(); ++length) {
        try {
            collection_from_text(std::string_view(text).substr(0, length));
            FAIL() << "took " << length << " bytes of " << text.size();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::corrupt);
        }
    }
}

// One byte in a name kept the site from starting.
TEST(Documents, ANameThatIsNoUtf8KeepsNobodyFromStarting) {
    Collection c = full_collection();
    c.settings.recovery_hosts = {"host\xed\xa0\x80"};
    const Collection back = collection_from_text(to_text(c));
    EXPECT_EQ(back.settings.recovery_hosts, c.settings.recovery_hosts);
}

TEST(Documents, NumbersOutOfRangeAreRefused) {
    std::string text = to_text(full_collection());
    const auto at = text.find("\"state\":9");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 9, "\"state\":99");
    EXPECT_THROW(collection_from_text(text), Error);
}

TEST(Documents, JobsPeersAndStatisticsComeBack) {
    Job job;
    job.id = JobId(some);
    job.collection = CollectionId(other);
    job.state = JobState::exception;
    job.code = Code::unavailable;
    job.error = "no answer";
    job.member_errors = {{VmId(other), Code::in_use, "busy"}, {VmId(some), Code::failed, "no"}};
    EXPECT_EQ(to_text(job_from_text(to_text(job))), to_text(job));
    EXPECT_EQ(job_from_text(to_text(job)).member_errors, job.member_errors);
    const Peer peer{"west", "id", std::string(64, 'a'), {"127.0.0.1", 7000}};
    EXPECT_EQ(to_text(peer_from_text(to_text(peer))), to_text(peer));
    Statistics statistics;
    statistics.hold_us = {1, 2, 3};
    statistics.success_count = 9;
    EXPECT_EQ(statistics_from_text(to_text(statistics)), statistics);
}

TEST(Control, MessagesComeBack) {
    control::Create create{CollectionId(some), {3}, "shop", {}, {{VmId(other), "db", "<domain/>"}}};
    EXPECT_EQ(to_text(control::create_from_text(to_text(create))), to_text(create));
    control::ReverseAnswer answer{{9}, full_collection().changes};
    EXPECT_EQ(to_text(control::reverse_answer_from_text(to_text(answer))), to_text(answer));
    control::NewSettings settings{CollectionId(some), {3}, full_collection().settings};
    EXPECT_EQ(to_text(control::new_settings_from_text(to_text(settings))), to_text(settings));
    EXPECT_THROW(control::hello_from_text("{\"collection\":\"x\"}"), Error);
    const std::vector<DiskShape> disks{{{VmId(other), "vda"}, 4096}};
    control::Seed seed{CollectionId(some), {3}, disks};
    EXPECT_EQ(to_text(control::seed_from_text(to_text(seed))), to_text(seed));
    control::SeedAnswer found{disks, {{{VmId(other), "vdb"}, "there is no image"}}};
    EXPECT_EQ(to_text(control::seed_answer_from_text(to_text(found))), to_text(found));
    control::HelloAnswer hello{{3}, {Role::replica, State::replicating}, {9}, CutId(some), disks};
    EXPECT_EQ(to_text(control::hello_answer_from_text(to_text(hello))), to_text(hello));
    EXPECT_EQ(control::create_answer_from_text(to_text(control::CreateAnswer{{7}})).used, Epoch{7});
}

// A site of an earlier version knows neither seeds nor media.
TEST(Control, AnswersOfEarlierVersionsAreUnderstood) {
    EXPECT_EQ(control::create_answer_from_text("{}").used, Epoch{0});
    const auto hello =
        control::hello_answer_from_text(R"({"epoch":3,"role":2,"state":3,"newest":9})");
    EXPECT_EQ(hello.newest, Sequence{9});
    EXPECT_TRUE(hello.cut.is_none());
    EXPECT_TRUE(hello.seed.empty());
}

TEST(Documents, ACollectionOfAnEarlierVersionHasNoExport) {
    std::string text = to_text(Collection{});
    const auto from = text.find("\"export\"");
    text.erase(from, text.find("\"failover_point\"") - from);
    EXPECT_TRUE(collection_from_text(text).exported.directory.empty());
}

}  // namespace
}  // namespace reviver::replication
