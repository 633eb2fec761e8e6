#include "provider/change_notes.h"

#include <gtest/gtest.h>

#include <thread>

namespace reviver::provider {
namespace {

using namespace std::chrono_literals;

CollectionId collection(std::uint8_t number) {
    std::array<std::uint8_t, 16> bytes{};
    bytes[0] = number;
    return CollectionId(Uuid(bytes));
}

TEST(ChangeNotes, HoldEachThingOnceUntilItIsTaken) {
    ChangeNotes notes;
    notes.collection_changed(collection(1));
    notes.collection_changed(collection(1));
    notes.collection_changed(collection(2));
    notes.job_changed(JobId());
    const auto taken = notes.take(10s);
    EXPECT_EQ(taken.collections.size(), 2u);
    EXPECT_EQ(taken.jobs.size(), 1u);
    EXPECT_FALSE(taken.stopped);
    EXPECT_TRUE(notes.take(0ms).collections.empty());
}

TEST(ChangeNotes, WakeWhoWaits) {
    ChangeNotes notes;
    std::thread engine([&] { notes.collection_changed(collection(1)); });
    EXPECT_EQ(notes.take(10s).collections.size(), 1u);
    engine.join();
}

TEST(ChangeNotes, AreStoppedForGood) {
    ChangeNotes notes;
    notes.stop();
    notes.pause(10s);
    EXPECT_TRUE(notes.take(10s).stopped);
    EXPECT_TRUE(notes.take(10s).stopped);
}

}  // namespace
}  // namespace reviver::provider
