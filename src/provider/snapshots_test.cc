#include "provider/snapshots.h"

#include <gtest/gtest.h>

namespace reviver::provider {
namespace {

Seen job(const std::string& id, std::uint16_t state, std::int64_t elapsed = 0) {
    cim::Instance instance("Msvm_ConcreteJob");
    instance.set("InstanceID", id).set("JobState", state);
    instance.set("ElapsedTime", cim::DateTime::interval(elapsed));
    return {cim::ObjectPath("Msvm_ConcreteJob", {{"InstanceID", id}}), instance};
}

class SnapshotsTest : public testing::Test {
  protected:
    std::vector<cim::Event> look(const std::string& topic, std::vector<Seen> now) {
        return snapshots_.differences(topic, std::move(now), cim::DateTime::at(0));
    }
    Snapshots snapshots_;
};

TEST_F(SnapshotsTest, TellWhatCameChangedAndWent) {
    auto events = look("a", {job("1", 4)});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].happening, cim::Happening::created);
    events = look("a", {job("1", 7), job("2", 4)});
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].happening, cim::Happening::modified);
    EXPECT_EQ(events[0].changed, std::vector<std::string>{"JobState"});
    EXPECT_EQ(events[1].happening, cim::Happening::created);
    events = look("a", {job("2", 4)});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].happening, cim::Happening::deleted);
    EXPECT_EQ(events[0].instance.get("JobState").as_unsigned(), 7u);
}

TEST_F(SnapshotsTest, TellNothingOfWhatIsAsItWas) {
    look("a", {job("1", 4, 1)});
    EXPECT_TRUE(look("a", {job("1", 4, 2)}).empty());
    Seen without = job("1", 4);
    without.instance.set("Caption", cim::Value());
    EXPECT_TRUE(look("a", {without}).empty());
}

TEST_F(SnapshotsTest, AValueThatIsGoneIsAChange) {
    Seen failed = job("1", 10);
    failed.instance.set("ErrorDescription", "no answer");
    look("a", {failed});
    const auto events = look("a", {job("1", 10)});
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].changed, std::vector<std::string>{"ErrorDescription"});
}

TEST_F(SnapshotsTest, TopicsStandApartAndEndEmpty) {
    look("a", {job("1", 4)});
    look("b", {job("2", 4)});
    EXPECT_EQ(look("a", {}).size(), 1u);
    EXPECT_EQ(snapshots_.topics(), std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace reviver::provider
