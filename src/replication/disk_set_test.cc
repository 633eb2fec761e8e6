// How the set of disks changes, as changes of the collection's document.
#include "replication/disk_set.h"

#include <gtest/gtest.h>

namespace reviver::replication {
namespace {

using Names = std::vector<std::string>;
using Keys = std::vector<DiskKey>;

const VmId vm = *VmId::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
const JobId first_job = *JobId::parse("11111111-0000-4000-8000-000000000001");
const JobId second_job = *JobId::parse("11111111-0000-4000-8000-000000000002");

DiskKey key(const std::string& target) {
    return {vm, target};
}
DiskShape shape(const std::string& target) {
    return {key(target), 1 << 20};
}
Names names(const std::vector<std::string>& targets) {
    Names result;
    for (const auto& target : targets) result.push_back(key(target).text());
    return result;
}

Collection replicating() {
    Collection c;
    c.place = {Role::primary, State::replicating};
    c.initial_complete = true;
    c.members = {vm.text()};
    c.last_sequence = {7};
    c.shapes = {shape("vda"), shape("vdb")};
    return c;
}

// `coming` is on its way; IncludedDisks was `before` and is `now`.
Collection updating(const Names& before, const Names& now, const Keys& coming) {
    Collection c = replicating();
    c.settings.included_disks = before;
    begin_update(c, first_job);
    c.settings.included_disks = now;
    c.disk_update->coming = coming;
    return c;
}

TEST(DiskSet, NoNamesMeanAllDisks) {
    EXPECT_TRUE(included_in({})(key("vdx")));
    EXPECT_TRUE(included_in(names({"vda"}))(key("vda")));
    EXPECT_FALSE(included_in(names({"vda"}))(key("vdb")));
}

TEST(DiskSet, APointWithAllThatIsComingEndsTheUpdate) {
    Collection c = updating({}, {}, {key("vdc")});
    EXPECT_EQ(note_point_made(c, Collection(c), {shape("vda"), shape("vdb")}), JobId());
    ASSERT_TRUE(c.disk_update);
    EXPECT_EQ(note_point_made(c, Collection(c), {shape("vda"), shape("vdc")}), first_job);
    EXPECT_FALSE(c.disk_update);
    EXPECT_EQ(c.updated_by, first_job);
    EXPECT_EQ(c.leaving, Keys{key("vdb")});
}

// The cycle was planned before somebody asked for another set.
TEST(DiskSet, APointOfASetThatNobodyWantsAnyMoreEndsNothing) {
    Collection c = updating({}, names({"vda"}), {});
    const Collection planned = c;
    EXPECT_EQ(begin_update(c, second_job), first_job);
    c.settings.included_disks = names({"vdb"});
    EXPECT_EQ(note_point_made(c, planned, {shape("vda")}), JobId());
    EXPECT_TRUE(c.disk_update);
    EXPECT_EQ(note_point_made(c, Collection(c), {shape("vdb")}), second_job);
}

TEST(DiskSet, APointWithoutAnswerIsFoundWithItsDisks) {
    Collection c = replicating();
    c.offered = {8};
    c.offered_shapes = {shape("vda"), shape("vdc")};
    Collection other = c;
    note_point_found(other, {9});
    EXPECT_EQ(other.shapes, c.shapes);
    note_point_found(c, {8});
    EXPECT_EQ(c.shapes, c.offered_shapes);
    EXPECT_EQ(c.last_sequence, Sequence{8});
    EXPECT_EQ(c.leaving, Keys{key("vdb")});
}

TEST(DiskSet, WhatThereWasBeforeIsWhatItWasBeforeTheFirstChange) {
    Collection c = updating(names({"vda", "vdb"}), names({"vda", "vdc"}), {key("vdc")});
    begin_update(c, second_job);
    c.settings.included_disks = names({"vdc"});
    EXPECT_EQ(set_before(c), names({"vda", "vdb"}));
}

// All disks, and a new one was attached: all would bring it again.
TEST(DiskSet, BeforeAnAttachedDiskThereWereTheOthers) {
    EXPECT_EQ(set_before(updating({}, {}, {key("vdc")})), names({"vda", "vdb"}));
    EXPECT_EQ(set_before(updating({}, names({"vda"}), {})), Names());
    EXPECT_EQ(set_before(updating(names({"vda", "vdb", "vdc"}), names({"vda", "vdb", "vdc"}),
                                  {key("vdc")})),
              names({"vda", "vdb"}));
}

TEST(DiskSet, AnUpdateThatIsDroppedLetsGoOfWhatWasComing) {
    Collection c = updating({}, {}, {key("vdc")});
    EXPECT_EQ(drop_update(c), first_job);
    EXPECT_EQ(c.leaving, Keys{key("vdc")});
    EXPECT_EQ(drop_update(c), JobId());
}

TEST(DiskSet, WhatIsFollowedIsWantedOrInThePointOrOnItsWay) {
    Collection c = updating({}, names({"vda"}), {key("vdc")});
    c.leaving = {key("vdd")};
    const auto followed = followed_of(c);
    for (const char* target : {"vda", "vdb", "vdc", "vdd"}) EXPECT_TRUE(followed(key(target)));
    EXPECT_FALSE(followed(key("vde")));
}

TEST(DiskSet, DisksOfOtherVmsAreRefused) {
    const DiskChoice none = only({});
    Settings settings;
    settings.included_disks = names({"vdz"});
    require_disks_of_members(replicating(), settings, none);
    settings.included_disks = {"11111111-2222-3333-4444-555555555555/vda"};
    EXPECT_THROW(require_disks_of_members(replicating(), settings, none), Error);
}

// One that had been excluded could not be included again by its own key.
TEST(DiskSet, ADiskThatVmsShareIsKnownFromPointsOrFromTheVms) {
    const DiskChoice none = only({});
    const DiskKey shared{*VmId::parse("11111111-2222-4333-8444-555555555555"), "quorum"};
    Settings settings;
    settings.included_disks = {shared.text()};
    EXPECT_THROW(require_disks_of_members(replicating(), settings, none), Error);
    require_disks_of_members(replicating(), settings, only({shared}));
    require_disks_of_members(updating({}, {}, {shared}), settings, none);
    Collection c = replicating();
    c.shapes.push_back({shared, 1 << 20});
    require_disks_of_members(c, settings, none);
}

TEST(DiskSet, TheDocumentKeepsTheUpdate) {
    Collection c = updating(names({"vda"}), {}, {key("vdc")});
    c.disk_update->copied = true;
    c.disk_update->bytes_done = 5;
    c.disk_update->bytes_due = 9;
    c.disk_update->trouble = "why";
    c.offered = {8};
    c.offered_shapes = {shape("vdc")};
    c.leaving = {key("vdb")};
    c.updated_by = second_job;
    c.peer_fingerprint = "ab";
    const Collection read = collection_from_text(to_text(c));
    EXPECT_EQ(to_text(read), to_text(c));
    ASSERT_TRUE(read.disk_update);
    EXPECT_EQ(read.disk_update->coming, Keys{key("vdc")});
    EXPECT_EQ(read.leaving, c.leaving);
}

}  // namespace
}  // namespace reviver::replication
