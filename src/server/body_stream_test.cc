#include "server/body_stream.h"

#include <gtest/gtest.h>

namespace reviver::server {
namespace {

TEST(BodyStream, GivesWhatWasPushedAndThenItsEnd) {
    int closed = 0;
    int news = 0;
    {
        BodyStream stream([&] { ++closed; });
        EXPECT_TRUE(stream.push("a"));
        stream.attach([&] { ++news; });
        EXPECT_EQ(news, 1);  // what was pushed before counts
        EXPECT_TRUE(stream.push("b"));
        stream.end();
        EXPECT_EQ(news, 3);
        const auto taken = stream.take();
        EXPECT_EQ(taken.bytes, "ab");
        EXPECT_TRUE(taken.ended);
        EXPECT_TRUE(stream.take().bytes.empty());
        EXPECT_FALSE(stream.push("c"));
        EXPECT_EQ(closed, 0);
    }
    EXPECT_EQ(closed, 1);
}

TEST(BodyStream, AReaderThatIsTooSlowLosesIt) {
    BodyStream stream({}, 10);
    EXPECT_TRUE(stream.push("0123456789"));
    EXPECT_FALSE(stream.overrun());
    EXPECT_FALSE(stream.push("x"));
    EXPECT_TRUE(stream.overrun());
    EXPECT_FALSE(stream.push(""));
}

TEST(BodyStream, TellsItsWriterOnceThatNobodyReads) {
    int closed = 0;
    int news = 0;
    BodyStream stream([&] { ++closed; });
    stream.attach([&] { ++news; });
    stream.close();
    stream.close();
    EXPECT_EQ(closed, 1);
    EXPECT_FALSE(stream.push("a"));
    stream.attach([&] { ++news; });
    EXPECT_EQ(news, 1);
}

}  // namespace
}  // namespace reviver::server
